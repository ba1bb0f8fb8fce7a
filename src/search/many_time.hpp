#pragma once
// The time of series: what lies between two steps, found from the times themselves, and times from step numbers.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "learn/forecast/forecaster.hpp"

namespace gyre {

struct TimeGrid {
  enum class Unit { number, second, month };
  Unit unit = Unit::number;
  double step = 1;            // units between two steps
  bool days = false;          // no time of day is ever given
  std::string words() const;  // "a week", "3 months", "2 numbers"

  // How many steps lie between two times; nothing when `to` lies between two steps.
  std::optional<std::int64_t> steps(double from, double to) const;
  double time(double from, std::int64_t steps) const;
  std::string text(double time) const;  // as 2026-02-03, 2026-02-03 04:05:06 or 17

  Calendar calendar() const;  // what repeats in series of such steps
};

json::object to_json(const TimeGrid& grid);
TimeGrid time_grid_from(const json::value& value);

// The grid of most gaps. `times` are seconds since 1970, or plain numbers; each series' in order.
TimeGrid find_grid(const std::vector<std::vector<double>>& times, bool numbers);

}  // namespace gyre
