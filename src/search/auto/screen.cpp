#include "search/auto/screen.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "learn/features/relevance.hpp"
#include "learn/parallel.hpp"

namespace gyre {

namespace {

constexpr std::size_t most_groups = 8;                // of values; holes are one more
constexpr std::uint8_t group_of_holes = most_groups;  // the group of missing cells
constexpr std::size_t rows_that_tell = 10'000;        // more would hardly change the order of columns
constexpr std::size_t rows_for_quantiles = 1'000;

std::vector<std::size_t> spread_places(std::size_t count, std::size_t most) {
  std::vector<std::size_t> places(std::min(count, most));
  for (std::size_t i = 0; i < places.size(); i++) places[i] = i * count / places.size();
  return places;
}

// Upper ends of groups of values alike in number; each value has its own where there are few.
std::vector<double> cuts_of(const std::vector<double>& numbers) {
  std::vector<double> sorted;
  for (auto row : spread_places(numbers.size(), rows_for_quantiles))
    if (!std::isnan(numbers[row])) sorted.push_back(numbers[row]);
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> cuts;
  for (std::size_t i = 0; i < sorted.size() && cuts.size() < most_groups; i++)
    if (cuts.empty() || sorted[i] > cuts.back()) cuts.push_back(sorted[i]);
  if (cuts.size() < most_groups) {
    if (!cuts.empty()) cuts.pop_back();  // the last group has no upper end
    return cuts;
  }
  cuts.clear();
  for (std::size_t i = 1; i < most_groups; i++) {
    double cut = sorted[i * sorted.size() / most_groups];
    if (cuts.empty() || cut > cuts.back()) cuts.push_back(cut);
  }
  return cuts;
}

// The places of the most frequent words; all others share the last group.
std::vector<std::uint8_t> groups_of_words(const Column& column) {
  std::vector<std::size_t> counts(column.words.size()), order(column.words.size());
  for (auto code : column.codes)
    if (code >= 0) counts[static_cast<std::size_t>(code)]++;
  std::iota(order.begin(), order.end(), 0);
  std::size_t most = std::min(most_groups - 1, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(),
                    [&](auto a, auto b) { return counts[a] != counts[b] ? counts[a] > counts[b] : a < b; });
  std::vector<std::uint8_t> group_of(column.words.size(), most_groups - 1);
  for (std::size_t i = 0; i < most; i++) group_of[order[i]] = static_cast<std::uint8_t>(i);
  return group_of;
}

double entropy(std::span<const double> counts, double sum) {
  double bits = 0;
  for (double count : counts)
    if (count > 0) bits -= count / sum * std::log(count / sum);
  return bits;
}

// What knowing a row's group tells of its target, in natural units over all rows, less what chance alone tells.
double told_by_groups(std::span<const std::uint8_t> groups, const Target& target, std::span<const std::size_t> rows) {
  constexpr std::size_t all = most_groups + 1;
  double count = static_cast<double>(rows.size());
  std::vector<double> sizes(all);
  for (auto row : rows) sizes[groups[row]]++;
  double freedoms = -1;
  for (double size : sizes) freedoms += size > 0;
  if (freedoms == 0) return -HUGE_VAL;  // even noise is more use than what never differs
  if (target.task == Task::classify) {
    std::size_t classes = target.classes();
    std::vector<double> table(all * classes), whole(classes);
    for (auto row : rows) {
      auto label = static_cast<std::size_t>(target.values[row]);
      table[groups[row] * classes + label]++, whole[label]++;
    }
    double told = count * entropy(whole, count), labels = -1;
    for (std::size_t g = 0; g < all; g++)
      if (sizes[g] > 0) told -= sizes[g] * entropy(std::span(table).subspan(g * classes, classes), sizes[g]);
    for (double one : whole) labels += one > 0;
    return told - freedoms * labels / 2;
  }
  std::vector<double> sums(all);
  double mean = 0, squares = 0, between = 0;
  for (auto row : rows) mean += target.values[row] / count;
  for (auto row : rows) {
    double off = target.values[row] - mean;
    sums[groups[row]] += off, squares += off * off;
  }
  for (std::size_t g = 0; g < all; g++)
    if (sizes[g] > 0) between += sums[g] * sums[g] / sizes[g];
  if (!(squares > 0)) return 0;
  return -count / 2 * std::log(std::max(1e-12, 1 - between / squares)) - freedoms / 2;
}

// The same of how numbers rise or fall with the target: few freedoms, so weaker signs show than in groups.
double told_by_numbers(const Column& column, const Target& target, std::span<const std::size_t> rows) {
  std::vector<float> values;
  Target known{target.column, target.task, target.labels, {}};
  for (auto row : rows) {
    if (std::isnan(column.numbers[row])) continue;
    values.push_back(static_cast<float>(column.numbers[row]));
    known.values.push_back(target.values[row]);
  }
  auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (values.empty() || *low == *high) return -HUGE_VAL;
  double relevance = relevance_of(values, known), count = static_cast<double>(rows.size());
  double share = relevance * relevance * static_cast<double>(values.size()) / count;  // of holes nothing is told
  double freedoms = target.task == Task::classify ? static_cast<double>(target.classes()) - 1 : 1;
  return -count / 2 * std::log(std::max(1e-12, 1 - share)) - freedoms / 2;
}

}  // namespace

ColumnScreen::ColumnScreen(const Table& table, int threads) : table_(table), threads_(threads) {
  if (!leaves_out()) return;
  groups_.resize(table.columns.size());
  for_each(groups_.size(), threads, [&](std::size_t i) { groups_[i] = groups_of(i); });
}

std::vector<std::uint8_t> ColumnScreen::groups_of(std::size_t place) const {
  auto& column = table_.columns[place];
  std::vector<std::uint8_t> groups(column.rows(), group_of_holes);
  if (column.is_number()) {
    auto cuts = cuts_of(column.numbers);
    for (std::size_t i = 0; i < groups.size(); i++)
      if (!std::isnan(column.numbers[i]))
        groups[i] =
            static_cast<std::uint8_t>(std::lower_bound(cuts.begin(), cuts.end(), column.numbers[i]) - cuts.begin());
    return groups;
  }
  auto group_of = groups_of_words(column);
  for (std::size_t i = 0; i < groups.size(); i++)
    if (column.codes[i] >= 0) groups[i] = group_of[static_cast<std::size_t>(column.codes[i])];
  return groups;
}

double ColumnScreen::evidence(std::size_t place, const Target& target, std::span<const std::size_t> rows) const {
  auto& column = table_.columns[place];
  if (column.type == ColumnType::text || column.type == ColumnType::time) return HUGE_VAL;
  double told = told_by_groups(groups_[place], target, rows);
  return column.is_number() ? std::max(told, told_by_numbers(column, target, rows)) : told;
}

std::vector<std::size_t> ColumnScreen::choose(const Target& target, std::span<const std::size_t> rows) const {
  std::vector<std::size_t> order(table_.columns.size());
  std::iota(order.begin(), order.end(), 0);
  if (!leaves_out()) return order;
  std::vector<std::size_t> judging;
  for (auto place : spread_places(rows.size(), rows_that_tell)) judging.push_back(rows[place]);
  std::vector<double> told(order.size());
  for_each(order.size(), threads_, [&](std::size_t i) { told[i] = evidence(i, target, judging); });
  auto end = order.begin() + most_screened_columns;
  std::nth_element(order.begin(), end, order.end(),
                   [&](auto a, auto b) { return told[a] != told[b] ? told[a] > told[b] : a < b; });
  order.erase(end, order.end());
  std::sort(order.begin(), order.end());
  return order;
}

Table cut_out(const Table& table, std::span<const std::size_t> columns, std::span<const std::size_t> rows) {
  auto picked = [&](auto& cells) {
    std::remove_cvref_t<decltype(cells)> some;
    some.reserve(rows.size());
    for (auto row : rows) some.push_back(cells[row]);
    return some;
  };
  Table some{table.name, {}, picked(table.row_numbers), {}};
  for (auto place : columns) {
    auto& column = table.columns[place];
    Column& copy = some.columns.emplace_back(Column{column.name, column.type, {}, {}, column.words});
    if (column.is_number())
      copy.numbers = picked(column.numbers);
    else
      copy.codes = picked(column.codes);
  }
  return some;
}

}  // namespace gyre
