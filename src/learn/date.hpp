#pragma once
// Dates as people and programs write them, read by the numbers in them: "2026-02-03 04:05:06", "3.2.2026", "02/03/2026
// 4:05". The ONNX graph of a model reads them in the same way.
#include <array>
#include <span>
#include <string>
#include <string_view>

namespace gyre {

// Which number is the day where the year comes last; where it comes first, month and day follow it.
enum class DateOrder { day_first, month_first };

struct Date {
  bool known = false;
  double year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  double days() const;  // since 1970-01-01, with the time of day as its fraction
};

// The first six runs of digits of a text; what is not there is NaN.
std::array<double, 6> digit_runs(std::string_view text);
// Unknown where the numbers make no date.
Date date_from(std::string_view text, DateOrder order);
// Whether a text is nothing but a date: digits and what stands between them in dates.
bool looks_like_date(std::string_view text);
// From what rules one out; day first where both would do and points divide, else month first.
DateOrder date_order(std::span<const std::string> texts);

}  // namespace gyre
