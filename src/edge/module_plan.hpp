#pragma once
// What to do about one module, decided from facts alone: no file, no clock, no process here.
#include <cstdint>
#include <string>

namespace gyre {

// Wanted: the entry in the desired twin. Committed: the last entry whose module answered its golden inputs.
struct ModuleFacts {
  bool has_wanted = false;
  bool has_committed = false;
  bool wanted_is_committed = false;
  bool wanted_refused = false;  // it failed; it is not tried again until the entry changes
  bool wanted_installed = false;
  bool committed_installed = false;
};

enum class Which { none, committed, wanted };

struct ModulePlan {
  Which run = Which::none;      // what should be running now
  Which install = Which::none;  // what must be fetched first
  bool operator==(const ModulePlan&) const = default;
};

// The old one keeps running until the new one is on the disk and verified. What is refused is never run.
ModulePlan plan_module(const ModuleFacts& facts);

// As the twin names it: pulling | starting | running | failed | rolled_back.
std::string state_of(const ModuleFacts& facts, bool wanted_is_ready);

inline constexpr int most_trial_starts = 3;  // of an entry that never came up

// 0.5 s, 1 s, 2 s ... 60 s.
std::int64_t restart_wait_ms(int failures_in_a_row);

}  // namespace gyre
