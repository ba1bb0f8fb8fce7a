#pragma once
// Starts a pipeline through the API and shows it as it goes: live lines on a terminal, plain lines elsewhere.
#include <functional>

#include "base/command.hpp"

namespace gyre {

struct FollowOptions {
  bool quiet = false;                                       // nothing is shown (--json)
  std::function<void(const json::object& status)> watch{};  // called with each new status
};

// Gives the final status; throws the Error of a pipeline that failed. Ctrl-C stops it gently, a second one at once.
json::object follow_pipeline(Api& api, const json::value& start_body, const FollowOptions& options);

bool interrupted();  // Ctrl-C was pressed since follow_pipeline or watch_interrupts began
void watch_interrupts();

}  // namespace gyre
