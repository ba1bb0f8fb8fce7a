#pragma once
// Alarms as people meet them: a run of alarming windows is one alarm; it is false when nothing was wrong around it.
#include <vector>

#include "data/intervals.hpp"

namespace gyre {

struct Alarms {
  int alarms = 0;        // episodes
  int false_alarms = 0;  // of these, with no fault around
  int faults = 0;
  int found = 0;                // faults with an alarm
  std::vector<Interval> wrong;  // the false ones, from their first window's end to their last's
  double seconds = 0;           // watched
  double recall() const { return faults ? static_cast<double>(found) / faults : 0; }
};

struct AlarmRules {
  double look_back = 0;  // seconds: what a window's alarm may be about
  double merge = 5;      // alarms with less between them are one
};

// `times`: when a window alarmed (its end), rising. Adds to `sum`.
void judge_alarms(const std::vector<double>& times, const std::vector<Interval>& faults, const AlarmRules& rules,
                  Alarms& sum);

}  // namespace gyre
