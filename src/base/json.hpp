#pragma once
// JSON values (Boost.JSON) and the few helpers that everything else reads and writes them with.
#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gyre {

namespace json = boost::json;

// Parses a whole text; an error names `where` (a file, "request body") and the position.
json::value parse_json(std::string_view text, std::string_view where, json::storage_ptr storage = {});
json::value read_json_file(const std::filesystem::path& path);

// Object keys sorted, no white space, numbers in shortest form that reads back the same: what hashes are taken of.
std::string canonical(const json::value& value);
// For people: two spaces of indentation.
std::string pretty(const json::value& value);

// The members of an object, or of a value that should be one. A view: an object passed where a value is wanted would be
// copied, and a pointer into the copy would dangle.
struct Members {
  Members(const json::object& object) : object(&object) {}
  Members(const json::value& value) : object(value.if_object()) {}
  const json::object* object;  // nullptr: it is no object
};

// `get_` throws Error{invalid} naming the key; `find_` gives nullptr / nullopt when absent or null.
const json::value* find(Members members, std::string_view key);
std::string get_string(Members members, std::string_view key);
std::int64_t get_int(Members members, std::string_view key);
double get_number(Members members, std::string_view key);  // takes integers too
bool get_bool(Members members, std::string_view key);
std::optional<std::string> find_string(Members members, std::string_view key);
std::optional<double> find_number(Members members, std::string_view key);
std::string string_or(Members members, std::string_view key, std::string_view otherwise);

// RFC 7396: null deletes.
void merge_patch(json::value& target, const json::value& patch);

}  // namespace gyre
