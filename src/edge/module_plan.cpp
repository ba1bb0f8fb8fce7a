#include "edge/module_plan.hpp"

#include <algorithm>

namespace gyre {

ModulePlan plan_module(const ModuleFacts& facts) {
  if (!facts.has_wanted) return {};
  Which old = facts.has_committed && facts.committed_installed ? Which::committed : Which::none;
  if (!facts.wanted_refused) {
    if (facts.wanted_installed) return {facts.wanted_is_committed ? Which::committed : Which::wanted, Which::none};
    return {facts.wanted_is_committed ? Which::none : old, Which::wanted};
  }
  if (!facts.has_committed || old != Which::none) return {old, Which::none};
  return {Which::none, Which::committed};
}

std::string state_of(const ModuleFacts& facts, bool wanted_is_ready) {
  if (facts.wanted_refused) return facts.has_committed ? "rolled_back" : "failed";
  if (!facts.wanted_installed) return "pulling";
  return wanted_is_ready ? "running" : "starting";
}

std::int64_t restart_wait_ms(int failures_in_a_row) {
  return std::min<std::int64_t>(60'000, std::int64_t{500} << std::clamp(failures_in_a_row - 1, 0, 10));
}

}  // namespace gyre
