#include "learn/alarms.hpp"

#include <algorithm>

namespace gyre {

void judge_alarms(const std::vector<double>& times, const std::vector<Interval>& faults, const AlarmRules& rules,
                  Alarms& sum) {
  auto concerns = [&](const Interval& fault, double first, double last) {
    return last >= fault.from && first <= fault.to + rules.look_back;
  };
  for (std::size_t first = 0; first < times.size();) {
    std::size_t last = first;
    while (last + 1 < times.size() && times[last + 1] - times[last] <= rules.merge) last++;
    sum.alarms++;
    bool about_a_fault = std::any_of(faults.begin(), faults.end(),
                                     [&](auto& fault) { return concerns(fault, times[first], times[last]); });
    if (!about_a_fault) sum.false_alarms++, sum.wrong.push_back({times[first], times[last], {}});
    first = last + 1;
  }
  for (auto& fault : faults) {
    sum.faults++;
    if (std::any_of(times.begin(), times.end(), [&](double at) { return concerns(fault, at, at); })) sum.found++;
  }
}

}  // namespace gyre
