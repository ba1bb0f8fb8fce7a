#include "media/series.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace gyre {

namespace {

constexpr std::size_t most_columns = 10'000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes one line, with or without a carriage return, off the front.
std::string_view take_line(std::string_view& text) {
  auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view take_cell(std::string_view& line, bool& more) {
  auto comma = line.find(',');
  std::string_view cell = trimmed(line.substr(0, comma));
  more = comma != std::string_view::npos;
  line.remove_prefix(more ? comma + 1 : line.size());
  if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') cell = trimmed(cell.substr(1, cell.size() - 2));
  return cell;
}

std::optional<double> number_in(std::string_view cell) {
  if (cell.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (cell.front() == '+') cell.remove_prefix(1);
  double number = 0;
  auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error != std::errc() || stop != cell.data() + cell.size() || std::isinf(number)) return std::nullopt;
  return number;
}

std::string shown(std::string_view cell) {
  std::string text(cell.substr(0, 40));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  return cell.size() > 40 ? text + "..." : text;
}

std::vector<std::string> header_of(std::string_view line, std::string_view where) {
  std::vector<std::string> columns;
  bool more = true, all_numbers = true;
  while (more) {
    std::string_view name = take_cell(line, more);
    std::string place = std::string(where) + ":1: ";
    if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < ' ' || c == '"' || c == 0x7f; }))
      throw Error(Code::invalid, place + "a column's name with quotes or control characters: \"" + shown(name) + "\"",
                  "give it a plain name");
    if (name.empty())
      throw Error(Code::invalid, place + "column " + std::to_string(columns.size() + 1) + " has no name",
                  "the first line names the columns");
    if (std::find(columns.begin(), columns.end(), name) != columns.end())
      throw Error(Code::invalid, place + "two columns are called \"" + shown(name) + "\"", "give each its own name");
    all_numbers = all_numbers && number_in(name);
    columns.emplace_back(name);
    if (columns.size() > most_columns)
      throw Error(Code::invalid, place + "more than " + std::to_string(most_columns) + " columns");
  }
  if (all_numbers)
    throw Error(Code::invalid, std::string(where) + ":1: numbers where the names of the columns should be",
                "put a first line like \"time,temperature,pressure\"");
  return columns;
}

}  // namespace

std::optional<std::size_t> Series::find_column(std::string_view name) const {
  auto at = std::find(columns.begin(), columns.end(), name);
  if (at == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(at - columns.begin());
}

std::size_t Series::get_column(std::string_view name, std::string_view where) const {
  if (auto at = find_column(name)) return *at;
  std::string list;
  for (auto& column : columns) list += (list.empty() ? "" : ", ") + column;
  throw Error(Code::invalid, std::string(where) + " has no column \"" + std::string(name) + "\"", "it has: " + list);
}

Series decode_series(std::string_view csv, std::string_view where) {
  if (csv.starts_with("\xef\xbb\xbf")) csv.remove_prefix(3);  // a byte order mark that spreadsheets write
  if (csv.empty()) throw Error(Code::invalid, std::string(where) + ": an empty file", "a CSV with a header is needed");
  Series series;
  series.columns = header_of(take_line(csv), where);
  for (std::size_t number = 2; !csv.empty(); number++) {
    std::string_view line = take_line(csv);
    if (trimmed(line).empty() && (series.columns.size() > 1 || csv.empty())) continue;
    std::string place = std::string(where) + ":" + std::to_string(number) + ": ";
    std::size_t cells = 0;
    for (bool more = true; more; cells++) {
      std::string_view cell = take_cell(line, more);
      if (cells >= series.columns.size()) continue;
      auto value = number_in(cell);
      if (!value)
        throw Error(Code::invalid,
                    place + "column \"" + series.columns[cells] + "\": \"" + shown(cell) + "\" is no number",
                    "correct the line or leave the cell empty: a missing reading");
      series.values.push_back(*value);
    }
    if (cells != series.columns.size())
      throw Error(Code::invalid,
                  place + std::to_string(cells) + " cells, the header names " + std::to_string(series.columns.size()),
                  "the line may have been cut off");
  }
  return series;
}

std::string encode_series(const Series& series) {
  std::string text;
  for (std::size_t i = 0; i < series.columns.size(); i++) text += (i ? "," : "") + series.columns[i];
  text += '\n';
  char digits[32];
  for (std::size_t i = 0; i < series.values.size(); i++) {
    if (!std::isnan(series.values[i])) {
      auto end = std::to_chars(digits, digits + sizeof digits, series.values[i]).ptr;
      text.append(digits, end);
    } else if (series.columns.size() == 1) {
      text += "nan";  // an empty line at the end would be none
    }
    text += (i + 1) % series.columns.size() ? ',' : '\n';
  }
  return text;
}

}  // namespace gyre
