#include <algorithm>
#include <cstdio>

#include "learn/profile.hpp"

namespace gyre {

namespace {

std::string picture(const json::array& counts) {
  static constexpr std::string_view bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::int64_t most = 1;
  for (auto& count : counts) most = std::max(most, count.as_int64());
  std::string text;
  for (auto& count : counts) {
    std::int64_t height = count.as_int64() ? std::max<std::int64_t>(1, count.as_int64() * 8 / most) : 0;
    text += bars[height];
  }
  return text;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::size_t width_of(std::string_view text) {  // characters, not bytes
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(std::string text, std::size_t width) {
  std::size_t have = width_of(text);
  return text + std::string(have < width ? width - have : 0, ' ');
}

std::string values_of(const json::object& column) {
  if (auto* counts = column.if_contains("histogram"))
    return padded(picture(counts->as_array()), 20) + "  " + number(get_number(column, "min")) + " .. " +
           number(get_number(column, "max")) + ", mean " + number(get_number(column, "mean"));
  if (auto from = find_string(column, "min")) return *from + " .. " + get_string(column, "max");
  std::string list;
  if (auto* top = column.if_contains("top"))
    for (auto& one : top->as_array()) {
      std::string text = get_string(one, "text");
      if (width_of(list) + width_of(text) > 60) return list + " ...";
      list += (list.empty() ? "" : ", ") + text + " " + std::to_string(get_int(one, "count"));
    }
  return list;
}

}  // namespace

std::string profile_in_words(const json::object& profile) {
  auto& columns = profile.at("columns").as_array();
  std::size_t longest = 6;
  bool target = !get_string(profile, "target").empty();
  for (auto& column : columns) longest = std::max(longest, width_of(get_string(column, "name")));
  longest = std::min<std::size_t>(longest, 32);
  std::string text = get_string(profile, "name") + ": " + std::to_string(get_int(profile, "rows")) + " rows, " +
                     std::to_string(columns.size()) + " columns\n\n";
  text += padded("column", longest) + "  type      missing  distinct" + (target ? "  power" : "") + "\n";
  double rows = get_number(profile, "rows");
  for (auto& value : columns) {
    auto& column = value.as_object();
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%6.3g %%  %8lld", 100 * get_number(column, "missing") / rows,
                  static_cast<long long>(get_int(column, "distinct")));
    text += padded(get_string(column, "name"), longest) + "  " + padded(get_string(column, "type"), 8) + "  " + numbers;
    if (target) {
      auto power = find_number(column, "power");
      std::snprintf(numbers, sizeof numbers, "  %5.2f", power.value_or(0));
      text += power ? numbers : " target";
    }
    text += "  " + values_of(column) + "\n";
  }
  auto& findings = profile.at("findings").as_array();
  if (!findings.empty()) text += "\n";
  for (auto& finding : findings) text += get_string(finding, "text") + "\n";
  return text;
}

}  // namespace gyre
