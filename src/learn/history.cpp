#include "learn/history.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "learn/date.hpp"

namespace gyre {

std::vector<std::size_t> groups_of(const Table& table, const std::string& name) {
  auto& column = table.get(name);
  std::unordered_map<std::string, std::size_t> numbers;
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < column.rows(); i++)
    groups.push_back(numbers.emplace(column.text(i), numbers.size()).first->second);
  return groups;
}

// Something to sort by; a row without a time cannot be put anywhere.
static std::vector<double> times_of(const Table& table, const std::string& name) {
  std::vector<double> times(table.rows());
  std::iota(times.begin(), times.end(), 0.0);
  if (name.empty()) return times;
  auto& column = table.get(name);
  DateOrder order = column.is_number() ? DateOrder::day_first : date_order(column.words);
  for (std::size_t i = 0; i < times.size(); i++) {
    Date date = column.is_number() || column.is_missing(i) ? Date{} : date_from(column.text(i), order);
    if (column.is_number() ? column.is_missing(i) : !date.known)
      throw Error(Code::invalid,
                  table.place(i) + ": column \"" + column.name + "\": \"" + column.text(i) + "\" is no time",
                  "numbers or dates put the rows of a group in order");
    times[i] = column.is_number() ? column.numbers[i] : date.days();
  }
  return times;
}

// The window, and its last half, quarter and eighth where those are more than a few rows: how a machine wears shows in
// the long ones, what has just happened in the short ones.
std::vector<std::size_t> RowHistory::parts() const {
  constexpr std::size_t most_parts = 4, fewest_rows = 5;
  std::vector<std::size_t> list{window_};
  while (list.size() < most_parts && list.back() / 2 >= fewest_rows) list.push_back(list.back() / 2);
  if (window_ < 2) list.clear();
  std::reverse(list.begin(), list.end());
  return list;
}

std::vector<std::string> RowHistory::names() const {
  std::vector<std::string> list = columns_;
  for (auto part : parts())
    for (const char* what : {" mean ", " spread ", " slope "})
      for (auto& column : columns_) list.push_back(column + what + std::to_string(part));
  return list;
}

RowHistory::RowHistory(const Table& table, const std::string& target, const HistoryOptions& options)
    : window_(options.window) {
  auto groups = groups_of(table, options.group);
  auto times = times_of(table, options.time);
  const Column &group = table.get(options.group), &answer = table.get(target);
  std::vector<const Column*> used;
  features_.name = table.name;
  features_.row_numbers = table.row_numbers;
  features_.findings = table.findings;
  for (auto& column : table.columns) {
    if (&column == &group || &column == &answer) continue;
    if (column.is_number())
      used.push_back(&column), columns_.push_back(column.name);
    else if (column.name != options.time)
      features_.findings.push_back("column \"" + column.name + "\" is left out: a history is made of numbers");
  }
  if (used.empty())
    throw Error(Code::invalid,
                table.name + " has no column of numbers beside \"" + group.name + "\" and \"" + answer.name + "\"",
                "without --window columns of all kinds are learned from");
  std::vector<std::size_t> order(table.rows());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
    return groups[a] != groups[b] ? groups[a] < groups[b] : times[a] < times[b];
  });
  for (std::size_t place = 0; place < order.size(); place++) {
    bool same = place > 0 && groups[order[place]] == groups[order[place - 1]];
    earlier_.push_back(same ? earlier_.back() + 1 : 0);
    places_[table.row_numbers[order[place]]] = place;
    for (auto* column : used) values_.push_back(static_cast<float>(column->numbers[order[place]]));
  }
  auto names = this->names();
  for (auto& name : names)
    features_.columns.push_back({name, ColumnType::number, std::vector<double>(order.size()), {}, {}});
  std::vector<double> made(names.size());
  for (std::size_t place = 0; place < order.size(); place++) {
    write_features(place, made);
    for (std::size_t f = 0; f < made.size(); f++) features_.columns[f].numbers[order[place]] = made[f];
  }
  features_.columns.push_back(answer);
}

// In doubles and then floats, as the graph does.
void RowHistory::write_features(std::size_t place, std::span<double> to) const {
  std::size_t width = columns_.size();
  for (std::size_t c = 0; c < width; c++) to[c] = values_[place * width + c];
  std::size_t at = width;
  for (auto part : parts()) {
    std::size_t rows = std::min(part, earlier_[place] + 1);
    for (std::size_t c = 0; c < width; c++) {
      double count = 0, sum = 0, times = 0, squares = 0, together = 0, moments = 0;
      auto each = [&](auto&& look) {
        for (std::size_t i = 0; i < rows; i++) {
          double value = values_[(place + 1 - rows + i) * width + c];
          if (!std::isnan(value)) look(value, static_cast<double>(part - rows + i));
        }
      };
      each([&](double value, double time) { count++, sum += value, times += time; });
      double mean = sum / count, middle = times / count;
      each([&](double value, double time) {
        squares += (value - mean) * (value - mean);
        together += (time - middle) * (value - mean);
        moments += (time - middle) * (time - middle);
      });
      to[at + c] = static_cast<float>(mean);
      to[at + width + c] = static_cast<float>(std::sqrt(squares / count));
      to[at + 2 * width + c] = static_cast<float>(together / std::max(moments, 1e-12));
      if (count == 0) to[at + 2 * width + c] = mean;  // nothing is known
    }
    at += 3 * width;
  }
}

Tensor RowHistory::window_before(std::uint32_t number) const {
  std::size_t place = places_.at(number), width = columns_.size(), rows = std::min(window_, earlier_[place] + 1);
  Tensor tensor =
      Tensor::zeros(DataType::f32, {1, static_cast<std::int64_t>(window_), static_cast<std::int64_t>(width)});
  auto values = tensor.as<float>();
  std::fill(values.begin(), values.end(), std::nanf(""));
  std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>((place + 1 - rows) * width), rows * width,
              values.begin() + static_cast<std::ptrdiff_t>((window_ - rows) * width));
  return tensor;
}

}  // namespace gyre
