#include "learn/table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <unordered_map>

#include "base/error.hpp"
#include "learn/date.hpp"

namespace gyre {

static constexpr std::string_view type_names[] = {"number", "category", "text", "time", "boolean"};

std::string_view name_of(ColumnType type) { return type_names[static_cast<std::size_t>(type)]; }

ColumnType column_type_named(std::string_view name) {
  for (std::size_t i = 0; i < std::size(type_names); i++)
    if (type_names[i] == name) return static_cast<ColumnType>(i);
  throw Error(Code::invalid, "there is no column type \"" + std::string(name) + "\"",
              "types are number, category, text, time, boolean");
}

std::map<std::string, ColumnType> types_from(const std::vector<std::string>& words) {
  std::map<std::string, ColumnType> types;
  for (auto& word : words) {
    auto sign = word.rfind('=');
    if (sign == std::string::npos || sign == 0)
      throw Error(Code::invalid, "--types \"" + word + "\" names no column and type", "like --types code=category");
    types[word.substr(0, sign)] = column_type_named(std::string_view(word).substr(sign + 1));
  }
  return types;
}

bool look_like_labels(std::span<const double> numbers) {
  std::set<double> seen;
  std::size_t present = 0;
  for (double value : numbers) {
    if (std::isnan(value)) continue;
    present++;
    if (value != std::floor(value)) return false;
    seen.insert(value);
    if (seen.size() > 20) return false;
  }
  return seen.size() <= 2 || seen.size() * 20 <= present;
}

bool Column::is_missing(std::size_t row) const { return is_number() ? std::isnan(numbers[row]) : codes[row] < 0; }

std::size_t Column::missing() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows(); i++) count += is_missing(i);
  return count;
}

std::string Column::text(std::size_t row) const {
  if (is_missing(row)) return {};
  if (!is_number()) return words[static_cast<std::size_t>(codes[row])];
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, numbers[row]).ptr};
}

static std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

const Column* Table::find(std::string_view column) const {
  for (auto& one : columns)
    if (one.name == column) return &one;
  for (auto& one : columns)
    if (lower(one.name) == lower(column)) return &one;
  return nullptr;
}

const Column& Table::get(std::string_view column) const {
  if (auto* found = find(column)) return *found;
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(columns.size(), 30); i++) list += (i ? ", " : "") + columns[i].name;
  if (columns.size() > 30) list += " and " + std::to_string(columns.size() - 30) + " more";
  throw Error(Code::invalid, name + " has no column \"" + std::string(column) + "\"", "it has: " + list);
}

std::vector<const Column*> Table::get_all(std::span<const std::string> names) const {
  std::unordered_map<std::string_view, const Column*> known;
  for (auto& column : columns) known.emplace(column.name, &column);
  std::vector<const Column*> found;
  for (auto& name : names) {
    auto exact = known.find(name);
    found.push_back(exact == known.end() ? &get(name) : exact->second);
  }
  return found;
}

Table Table::take(std::span<const std::size_t> rows) const {
  Table taken{name, {}, {}, findings};
  taken.row_numbers.reserve(rows.size());
  for (auto row : rows) taken.row_numbers.push_back(row_numbers[row]);
  for (auto& column : columns) {
    Column& copy = taken.columns.emplace_back(Column{column.name, column.type, {}, {}, column.words});
    if (column.is_number()) {
      copy.numbers.reserve(rows.size());
      for (auto row : rows) copy.numbers.push_back(column.numbers[row]);
    } else {
      copy.codes.reserve(rows.size());
      for (auto row : rows) copy.codes.push_back(column.codes[row]);
    }
  }
  return taken;
}

Table Table::without(std::string_view column) const {
  Table rest = *this;
  std::erase_if(rest.columns, [&](auto& one) { return one.name == column; });
  return rest;
}

std::string Table::place(std::size_t row) const { return name + ": row " + std::to_string(row_numbers[row]); }

ColumnType type_of_words(const Column& column) {
  std::vector<std::size_t> counts(column.words.size());
  std::size_t present = 0, dates = 0, blanks = 0;
  for (auto code : column.codes)
    if (code >= 0) counts[static_cast<std::size_t>(code)]++, present++;
  for (std::size_t i = 0; i < counts.size(); i++) {
    if (looks_like_date(column.words[i])) dates += counts[i];
    blanks += counts[i] * static_cast<std::size_t>(std::count(column.words[i].begin(), column.words[i].end(), ' '));
  }
  if (present && dates * 20 >= present * 19) return ColumnType::time;
  // Sentences: several words in each, and hardly one twice.
  bool sentences = blanks >= 2 * present && column.words.size() * 2 > present && column.words.size() > 20;
  return sentences ? ColumnType::text : ColumnType::category;
}

}  // namespace gyre
