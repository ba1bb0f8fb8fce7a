#include "learn/evidence.hpp"

#include <algorithm>
#include <cmath>

#include "learn/scores.hpp"

namespace gyre {

std::vector<double> present(const Column& column) {
  std::vector<double> values;
  for (double value : column.numbers)
    if (!std::isnan(value)) values.push_back(value);
  std::sort(values.begin(), values.end());
  return values;
}

double at_share(const std::vector<double>& sorted, double share) {
  double place = share * static_cast<double>(sorted.size() - 1);
  auto below = static_cast<std::size_t>(place);
  std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<std::size_t> counts_of(const Column& column) {
  std::vector<std::size_t> counts(column.words.size());
  for (auto code : column.codes)
    if (code >= 0) counts[static_cast<std::size_t>(code)]++;
  return counts;
}

Groups groups_of(const Column& column) {
  Groups result{std::vector<std::size_t>(column.rows()), 0};
  auto& groups = result.of_row;
  if (column.is_number()) {
    auto sorted = present(column);
    std::vector<double> cuts;
    for (std::size_t i = 1; i < column_bins && !sorted.empty(); i++) {
      double cut = at_share(sorted, static_cast<double>(i) / column_bins);
      if (cuts.empty() || cut > cuts.back()) cuts.push_back(cut);
    }
    result.count = cuts.size() + 2;
    for (std::size_t i = 0; i < groups.size(); i++)
      groups[i] =
          column.is_missing(i)
              ? cuts.size() + 1
              : static_cast<std::size_t>(std::upper_bound(cuts.begin(), cuts.end(), column.numbers[i]) - cuts.begin());
    return result;
  }
  auto counts = counts_of(column);
  std::vector<std::size_t> order(counts.size()), place(counts.size(), 50);
  for (std::size_t i = 0; i < order.size(); i++) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
  for (std::size_t i = 0; i < std::min<std::size_t>(50, order.size()); i++) place[order[i]] = i;
  result.count = 52;
  for (std::size_t i = 0; i < groups.size(); i++)
    groups[i] = column.codes[i] < 0 ? 51 : place[static_cast<std::size_t>(column.codes[i])];
  return result;
}

static double uncertainty(const std::vector<double>& counts) {
  double total = 0, sum = 0;
  for (double count : counts) total += count;
  for (double count : counts)
    if (count > 0) sum -= count / total * std::log(count / total);
  return sum;
}

double power_of(const Column& column, const Target& target) {
  std::size_t rows = target.values.size();
  auto [groups, count] = groups_of(column);
  double all = 0, left = 0;
  if (target.task == Task::classify) {
    std::vector<std::vector<double>> counts(count, std::vector<double>(target.classes()));
    std::vector<double> whole(target.classes());
    for (std::size_t i = 0; i < rows; i++) {
      counts[groups[i]][static_cast<std::size_t>(target.values[i])]++;
      whole[static_cast<std::size_t>(target.values[i])]++;
    }
    all = uncertainty(whole);
    for (auto& group : counts) {
      double size = 0;
      for (double one : group) size += one;
      left += size / static_cast<double>(rows) * uncertainty(group);
    }
  } else {
    std::vector<double> sums(count), sizes(count);
    double middle = mean(target.values);
    for (std::size_t i = 0; i < rows; i++) sums[groups[i]] += target.values[i], sizes[groups[i]]++;
    for (std::size_t i = 0; i < rows; i++) {
      double here = sums[groups[i]] / sizes[groups[i]];
      all += (target.values[i] - middle) * (target.values[i] - middle);
      left += (target.values[i] - here) * (target.values[i] - here);
    }
  }
  return all > 0 ? std::max(0.0, 1 - left / all) : 0;
}

namespace {

// Rows where the column has a value.
struct Pairs {
  std::vector<double> column, target;
};

Pairs pairs_of(const Column& column, const Target& target) {
  Pairs pairs;
  for (std::size_t i = 0; i < column.rows(); i++) {
    if (column.is_missing(i)) continue;
    pairs.column.push_back(column.is_number() ? column.numbers[i] : column.codes[i]);
    pairs.target.push_back(target.values[i]);
  }
  return pairs;
}

// How far the groups' means lie apart, beside how far values lie from them.
std::optional<double> f_of_groups(const std::vector<double>& groups, const std::vector<double>& values) {
  std::size_t count = 0;
  for (double group : groups) count = std::max(count, static_cast<std::size_t>(group) + 1);
  std::vector<double> sums(count), sizes(count);
  for (std::size_t i = 0; i < values.size(); i++) {
    auto g = static_cast<std::size_t>(groups[i]);
    sums[g] += values[i], sizes[g]++;
  }
  double middle = mean(values), between = 0, within = 0, used = 0;
  for (std::size_t g = 0; g < count; g++) {
    if (sizes[g] == 0) continue;
    double off = sums[g] / sizes[g] - middle;
    between += sizes[g] * off * off, used++;
  }
  for (std::size_t i = 0; i < values.size(); i++) {
    auto g = static_cast<std::size_t>(groups[i]);
    double off = values[i] - sums[g] / sizes[g];
    within += off * off;
  }
  double rows = static_cast<double>(values.size());
  if (used < 2 || rows <= used || within <= 0) return std::nullopt;
  return between / (used - 1) / (within / (rows - used));
}

std::optional<double> f_of(const Column& column, const Target& target) {
  auto pairs = pairs_of(column, target);
  if (pairs.column.size() < 3) return std::nullopt;
  bool labels = target.task == Task::classify;
  if (column.is_number() && labels) return f_of_groups(pairs.target, pairs.column);
  if (!column.is_number() && !labels) return f_of_groups(pairs.column, pairs.target);
  if (!column.is_number()) return std::nullopt;
  double r = pearson(pairs.column, pairs.target);
  return r * r / (1 - r * r) * static_cast<double>(pairs.column.size() - 2);
}

// Rows of each pair of groups.
std::vector<std::vector<double>> counted_together(const Column& column, const Target& target) {
  Groups columns = groups_of(column), targets;
  if (target.task == Task::classify) {
    targets.count = target.classes();
    for (double value : target.values) targets.of_row.push_back(static_cast<std::size_t>(value));
  } else {
    targets = groups_of({target.column, ColumnType::number, target.values, {}, {}});
  }
  std::vector<std::vector<double>> counts(columns.count, std::vector<double>(targets.count));
  for (std::size_t i = 0; i < columns.of_row.size(); i++) counts[columns.of_row[i]][targets.of_row[i]]++;
  return counts;
}

double of_counts(const std::vector<std::vector<double>>& counts, bool chi2) {
  std::vector<double> rows(counts.size()), columns(counts[0].size());
  double all = 0, result = 0;
  for (std::size_t r = 0; r < rows.size(); r++)
    for (std::size_t c = 0; c < columns.size(); c++)
      rows[r] += counts[r][c], columns[c] += counts[r][c], all += counts[r][c];
  for (std::size_t r = 0; r < rows.size(); r++)
    for (std::size_t c = 0; c < columns.size(); c++) {
      double expected = rows[r] * columns[c] / all, seen = counts[r][c];
      if (expected <= 0) continue;
      if (chi2) result += (seen - expected) * (seen - expected) / expected;
      if (!chi2 && seen > 0) result += seen / all * std::log(seen / expected);
    }
  return result;
}

}  // namespace

std::optional<double> evidence_of(const std::string& how, const Column& column, const Target& target) {
  if (how == "power") return power_of(column, target);
  if (how == "chi2" || how == "mutual") return of_counts(counted_together(column, target), how == "chi2");
  std::optional<double> result;
  if (how == "f") result = f_of(column, target);
  bool ordered = target.task == Task::regress || target.classes() == 2;
  if (how != "f" && column.is_number() && ordered) {
    auto pairs = pairs_of(column, target);
    if (pairs.column.size() > 2)
      result = std::abs(how == "pearson" ? pearson(pairs.column, pairs.target) : spearman(pairs.column, pairs.target));
  }
  if (result && !std::isfinite(*result)) result.reset();  // a constant
  return result;
}

}  // namespace gyre
