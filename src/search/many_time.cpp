#include "search/many_time.hpp"

#include <cmath>
#include <cstdio>
#include <map>

namespace gyre {

static constexpr double day = 86400;

namespace {

struct Day {
  std::int64_t year;
  int month, day;
};

// The civil calendar (proleptic Gregorian), by days since 1970; after Howard Hinnant's description of it.
Day date_of(std::int64_t days) {
  days += 719468;
  std::int64_t era = (days >= 0 ? days : days - 146096) / 146097, in_era = days - era * 146097;
  std::int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  std::int64_t in_year = in_era - (365 * year + year / 4 - year / 100), part = (5 * in_year + 2) / 153;
  int month = static_cast<int>(part < 10 ? part + 3 : part - 9);
  return {year + era * 400 + (month <= 2), month, static_cast<int>(in_year - (153 * part + 2) / 5 + 1)};
}

std::int64_t days_of(Day date) {
  std::int64_t year = date.year - (date.month <= 2), era = (year >= 0 ? year : year - 399) / 400,
               in_era = year - era * 400;
  std::int64_t in_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

int days_in(std::int64_t year, int month) {
  std::int64_t next = month == 12 ? days_of({year + 1, 1, 1}) : days_of({year, month + 1, 1});
  return static_cast<int>(next - days_of({year, month, 1}));
}

Day date_at(double time) { return date_of(static_cast<std::int64_t>(std::floor(time / day))); }

bool is_last_of_month(const Day& date) { return date.day == days_in(date.year, date.month); }

}  // namespace

std::string TimeGrid::words() const {
  auto some = [](double count, const std::string& one, const std::string& many) {
    char text[40];
    std::snprintf(text, sizeof text, "%g ", count);
    return count == 1 ? one : text + many;
  };
  if (unit == Unit::number) return some(step, "a step of 1", "numbers");
  if (unit == Unit::month) return step == 12 ? "a year" : some(step, "a month", "months");
  if (std::fmod(step, 7 * day) == 0) return some(step / (7 * day), "a week", "weeks");
  if (std::fmod(step, day) == 0) return some(step / day, "a day", "days");
  if (std::fmod(step, 3600) == 0) return some(step / 3600, "an hour", "hours");
  if (std::fmod(step, 60) == 0) return some(step / 60, "a minute", "minutes");
  return some(step, "a second", "seconds");
}

std::optional<std::int64_t> TimeGrid::steps(double from, double to) const {
  double count;
  if (unit == Unit::month) {
    Day a = date_at(from), b = date_at(to);
    bool same_day = a.day == b.day || (is_last_of_month(b) && (is_last_of_month(a) || b.day < a.day));
    if (!same_day) return {};
    count = double(b.year - a.year) * 12 + (b.month - a.month);
  } else {
    count = to - from;
  }
  double whole = std::round(count / step);
  if (std::abs(count / step - whole) > 0.01) return {};
  return static_cast<std::int64_t>(whole);
}

double TimeGrid::time(double from, std::int64_t steps) const {
  if (unit != Unit::month) return from + double(steps) * step;
  Day date = date_at(from);
  bool last = is_last_of_month(date);
  std::int64_t months = date.year * 12 + date.month - 1 + std::llround(double(steps) * step);
  std::int64_t year = (months >= 0 ? months : months - 11) / 12;
  int month = static_cast<int>(months - year * 12) + 1, most = days_in(year, month);
  return double(days_of({year, month, last ? most : std::min(date.day, most)})) * day +
         (from - std::floor(from / day) * day);
}

std::string TimeGrid::text(double time) const {
  char text[64];
  if (unit == Unit::number) {
    std::snprintf(text, sizeof text, "%.15g", time);
    return text;
  }
  Day date = date_at(time);
  int length =
      std::snprintf(text, sizeof text, "%04lld-%02d-%02d", static_cast<long long>(date.year), date.month, date.day);
  if (!days) {
    auto seconds = static_cast<int>(std::llround(time - std::floor(time / day) * day));
    std::snprintf(text + length, sizeof text - static_cast<std::size_t>(length), " %02d:%02d:%02d", seconds / 3600,
                  seconds / 60 % 60, seconds % 60);
  }
  return text;
}

Calendar TimeGrid::calendar() const {
  auto a_day = [&](std::size_t steps) { return Calendar{steps, {double(steps), 7.0 * double(steps)}}; };
  if (unit == Unit::month) {
    if (step == 1) return {12, {12}};
    if (step == 3) return {4, {4}};
    return {};
  }
  if (unit == Unit::number) return {};
  if (step == 7 * day) return {52, {365.2425 / 7}};
  if (step == day) return {7, {7, 365.2425}};
  if (step < day && std::fmod(day, step) == 0) return a_day(static_cast<std::size_t>(day / step));
  return {};
}

static constexpr std::string_view unit_names[] = {"number", "second", "month"};

json::object to_json(const TimeGrid& grid) {
  return {{"unit", unit_names[std::size_t(grid.unit)]}, {"step", grid.step}, {"days", grid.days}};
}

TimeGrid time_grid_from(const json::value& value) {
  TimeGrid grid{.step = get_number(value, "step"), .days = get_bool(value, "days")};
  std::string unit = get_string(value, "unit");
  for (std::size_t i = 0; i < std::size(unit_names); i++)
    if (unit == unit_names[i]) grid.unit = static_cast<TimeGrid::Unit>(i);
  return grid;
}

TimeGrid find_grid(const std::vector<std::vector<double>>& times, bool numbers) {
  TimeGrid grid{.unit = numbers ? TimeGrid::Unit::number : TimeGrid::Unit::second, .days = !numbers};
  std::map<double, std::size_t> gaps;
  for (auto& series : times) {
    double usual = 0;
    std::size_t* count = nullptr;  // of the gap before, which most are like
    for (std::size_t i = 0; i < series.size(); i++) {
      if (double whole = series[i] / day; whole != std::floor(whole)) grid.days = false;
      if (i == 0 || !(series[i] > series[i - 1])) continue;
      double gap = series[i] - series[i - 1];
      if (!count || gap != usual) usual = gap, count = &gaps[gap];
      ++*count;
    }
  }
  std::size_t most = 0, months = 0, all = 0;
  for (auto& [gap, count] : gaps) {
    all += count;
    if (gap >= 28 * day && gap <= 31 * day) months += count;
    if (count <= most) continue;
    most = count;
    grid.step = gap;
  }
  if (numbers || all == 0) return grid;
  auto near = [&](double low, double high) { return grid.step >= low * day && grid.step <= high * day; };
  // Four weeks are no month: months differ in length.
  bool is_month = near(28, 31) && (grid.step != 28 * day || most < months);
  bool is_quarter = near(90, 92), is_year = near(365, 366);
  if (!is_month && !is_quarter && !is_year) return grid;
  grid.unit = TimeGrid::Unit::month;
  grid.step = is_month ? 1 : is_quarter ? 3 : 12;
  return grid;
}

}  // namespace gyre
