#include "learn/date.hpp"

#include <cmath>
#include <limits>

namespace gyre {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Days since 1970-01-01 of a day of the Gregorian calendar, in whole doubles: the graph computes the same.
double days_from_civil(double year, double month, double day) {
  double y = year - (month <= 2 ? 1 : 0);
  double era = std::floor(y / 400), of_era = y - era * 400;
  double of_year = std::floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + of_era * 365 + std::floor(of_era / 4) - std::floor(of_era / 100) + of_year - 719468;
}

}  // namespace

double Date::days() const { return days_from_civil(year, month, day) + (hour * 3600 + minute * 60 + second) / 86400; }

std::array<double, 6> digit_runs(std::string_view text) {
  std::array<double, 6> runs;
  runs.fill(std::numeric_limits<double>::quiet_NaN());
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size() && count < runs.size();) {
    if (!is_digit(text[i])) {
      i++;
      continue;
    }
    double value = 0;
    for (; i < text.size() && is_digit(text[i]); i++) value = value * 10 + (text[i] - '0');
    runs[count++] = value;
  }
  return runs;
}

Date date_from(std::string_view text, DateOrder order) {
  auto runs = digit_runs(text);
  Date date;
  if (runs[0] > 31)
    date.year = runs[0], date.month = runs[1], date.day = runs[2];
  else if (order == DateOrder::day_first)
    date.day = runs[0], date.month = runs[1], date.year = runs[2];
  else
    date.month = runs[0], date.day = runs[1], date.year = runs[2];
  auto or_zero = [](double value) { return std::isnan(value) ? 0 : value; };
  date.hour = or_zero(runs[3]), date.minute = or_zero(runs[4]), date.second = or_zero(runs[5]);
  date.known = date.year >= 32 && date.year <= 9999 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
               date.day <= 31 && date.hour <= 24 && date.minute <= 60 && date.second <= 60;
  return date;
}

bool looks_like_date(std::string_view text) {
  std::size_t runs = 0, separators = 0;
  bool within = false;
  for (char c : text) {
    if (is_digit(c)) {
      runs += !within;
      within = true;
      continue;
    }
    within = false;
    if (std::string_view("-/.: TtZz+,").find(c) == std::string_view::npos) return false;
    separators += runs < 3 && (c == '-' || c == '/' || c == '.');
  }
  if (runs < 3 || separators < 2 || text.empty() || !is_digit(text[0])) return false;
  return date_from(text, DateOrder::day_first).known || date_from(text, DateOrder::month_first).known;
}

DateOrder date_order(std::span<const std::string> texts) {
  std::size_t day = 0, month = 0, points = 0;
  for (auto& text : texts) {
    auto runs = digit_runs(text);
    if (runs[0] > 31) continue;
    day += runs[0] > 12, month += runs[1] > 12;
    points += text.find('/') == std::string::npos;
  }
  if (day != month) return day > month ? DateOrder::day_first : DateOrder::month_first;
  return points * 2 >= texts.size() && points ? DateOrder::day_first : DateOrder::month_first;
}

}  // namespace gyre
