#pragma once
#include <map>
#include <string>
#include <string_view>

namespace gyre {

// The meta.yaml of MLflow's folder stores: members with plain or quoted texts, long ones folded over lines. Lists and
// maps in them are left out: nothing that is imported lies there.
std::map<std::string, std::string> parse_flat_yaml(std::string_view text);

}  // namespace gyre
