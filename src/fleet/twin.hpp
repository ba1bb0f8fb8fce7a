#pragma once
// A section of a device's twin (desired or reported): values, a version that grows by one with each change, and the
// time of the last change at every level. Formats: docs/formats/twin.md.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace gyre {

struct TwinSection {
  json::object values;
  std::int64_t version = 0;
  json::object times;  // {"$lastUpdated": ..., "modules": {"$lastUpdated": ..., ...}}
};

json::object to_json(const TwinSection& section);  // as it is stored
TwinSection section_from(const json::value& stored);

struct TwinLimits {
  std::size_t bytes = 32 * 1024;  // of the section as canonical JSON
  int depth = 10;
  std::size_t key_bytes = 1024;
  std::size_t text_bytes = 4 * 1024;
};
constexpr TwinLimits tag_limits{8 * 1024};

// Error{invalid} names the path of what breaks a limit: a key with a control character, '.', '$' or a space, a text
// that is too long, too many levels.
void check_twin(const json::object& values, const TwinLimits& limits, std::string_view where);

// RFC 7396. False when nothing changed: the version stays, so that a repeated patch tells nobody anything.
bool patch_section(TwinSection& section, const json::object& patch, std::string_view now, std::string_view where);

// The merge patch that makes `wanted` out of `present`.
json::object patch_to(const json::object& present, const json::object& wanted);

// For people and REST: values, "$version" and "$metadata".
json::object shown(const TwinSection& section);
// For the device: values and "$version".
json::object told(const TwinSection& section);

// "modules.bottle.memory_mb=512" -> {"modules":{"bottle":{"memory_mb":512}}}; the value is JSON, else a text.
// Several join. Error{invalid} names the one without '='.
void add_assignment(json::object& patch, std::string_view assignment);

}  // namespace gyre
