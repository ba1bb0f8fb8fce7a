#pragma once
// A module's member of the desired twin, read and checked.
#include <cstdint>
#include <optional>
#include <string>

#include "base/package.hpp"
#include "model/rules.hpp"

namespace gyre {

struct ModuleEntry {
  ImageReference image;
  std::string input;
  std::int64_t memory_mb = 256;
  double cpus = 1;
  std::optional<Rule> rule;  // cleans telemetry before the module sees it
  std::int64_t samples_per_day = 0;
  double samples_below = 0;  // confidence
};

// Error{invalid} says which member is wrong. Names become paths and container ids: letters, digits, - and _ only.
ModuleEntry module_entry_from(const std::string& name, const json::value& value);
void check_plain_name(const std::string& name, std::string_view what);

}  // namespace gyre
