#pragma once
// One error type for every program: a stable code, what happened and where, and what to do about it.
#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre {

enum class Code { invalid, denied, not_found, conflict, unsupported, unavailable, full, cancelled, internal };

// Thrown for what ends a request, a step or a command. The text names the thing and the place
// (`line.csv:214: column "temp": "hot" is no number`); the hint says what to do next and may be empty.
struct Error : std::runtime_error {
  Error(Code code, std::string text, std::string hint = {})
      : std::runtime_error(std::move(text)), code(code), hint(std::move(hint)) {}
  std::string text() const { return what(); }
  Code code;
  std::string hint;
};

// The one table: code -> name on the wire, HTTP status, exit code of a program.
struct CodeRow {
  Code code;
  std::string_view name;
  int http_status;
  int exit_code;
};
const CodeRow& row_of(Code code);
Code code_named(std::string_view name);  // an unknown name is `internal`

// An Error from errno: `full` for a full disk, `not_found`, `denied`, else `internal`.
Error system_error(int error_number, std::string what);

}  // namespace gyre
