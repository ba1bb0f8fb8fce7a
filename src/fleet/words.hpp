#pragma once
// How devices and roll-outs are told to people.
#include <string>

#include "base/json.hpp"
#include "track/show.hpp"

namespace gyre {

std::string device_in_words(const json::value& twin);      // GET /api/devices/{name}
std::string rollout_in_words(const json::value& rollout);  // GET /api/rollouts/{id}
std::string rollout_line(const json::value& rollout);      // one line while it goes on: "ring test: test-1 validating"
// "test,production" as the list that a roll-out takes.
json::array ring_list(std::string_view names);
bool is_over(const json::value& rollout);

}  // namespace gyre
