#pragma once
// How devices and roll-outs are told to people.
#include <string>
#include <vector>

#include "base/json.hpp"

namespace gyre {

// Columns aligned; the first row is the heading.
std::string columns(const std::vector<std::vector<std::string>>& rows);

std::string device_in_words(const json::value& twin);      // GET /api/devices/{name}
std::string rollout_in_words(const json::value& rollout);  // GET /api/rollouts/{id}
std::string rollout_line(const json::value& rollout);      // one line while it goes on: "ring test: test-1 validating"
bool is_over(const json::value& rollout);

}  // namespace gyre
