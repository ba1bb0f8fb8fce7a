#pragma once
// A command of `gyre`, declared once in src/<module>/commands/<name>.cpp. It presents; the work is behind routes
// (Api) so that command line, SDKs and studio cannot differ. Steps are commands too, without a file here.
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/field.hpp"

namespace gyre {

// The routes of this workspace: over HTTP when a server runs (or GYRE_URL says where), else in process.
class Api {
 public:
  virtual ~Api() = default;
  // Throws the Error that the route answered with.
  virtual json::value call(std::string_view method, std::string_view path, const json::value& body = nullptr) = 0;
  virtual void download(std::string_view path, const std::filesystem::path& to) = 0;
  virtual json::value upload(std::string_view method, std::string_view path, const std::filesystem::path& from) = 0;
};

struct CommandContext {
  std::function<Api&()> api;                   // opened on first use: `gyre --version` opens nothing
  bool json = false;                           // --json: print values, not prose
  bool terminal = false;                       // standard output is one: colours, live lines
  void print(const json::value& value) const;  // with --json
};

struct Command {
  std::string words;  // "model show"
  std::string help;
  std::vector<Field> arguments;  // positional, in order
  std::vector<Field> options;
  std::function<int(const json::object& values, CommandContext& context)> run;  // exit code
};

// The table that CMake writes from src/*/commands/*.cpp (`extern const Command command_<file name>`).
std::span<const Command* const> all_commands();

}  // namespace gyre
