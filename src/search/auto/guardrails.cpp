#include "search/auto/guardrails.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <unordered_map>

#include "data/gather.hpp"
#include "search/auto/screen.hpp"

namespace gyre {

static std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * share);
  return text;
}

static Guardrail enough_rows(const Table& table) {
  if (table.rows() < 100)
    return {"rows", "alerted", counted(table.rows(), "row is", "rows are") + " few: scores are uncertain"};
  return {"rows", "passed", counted(table.rows(), "row", "rows")};
}

static Guardrail missing_values(const Table& table) {
  std::size_t columns = 0, cells = 0, worst = 0;
  std::string name;
  for (auto& column : table.columns) {
    std::size_t missing = column.missing();
    columns += missing > 0;
    cells += missing;
    if (missing > worst) worst = missing, name = column.name;
  }
  if (cells == 0) return {"missing values", "passed", "none is missing"};
  double share = static_cast<double>(worst) / static_cast<double>(table.rows());
  return {"missing values", share > 0.5 ? "alerted" : "done",
          counted(columns, "column has", "columns have") + " holes, \"" + name + "\" the most (" + percent(share) +
              "); they are filled as each learner needs"};
}

static Guardrail balance(const Target& target) {
  std::vector<double> counts(target.classes());
  for (double value : target.values) counts[static_cast<std::size_t>(value)]++;
  std::size_t rare = static_cast<std::size_t>(std::min_element(counts.begin(), counts.end()) - counts.begin());
  double share = counts[rare] / static_cast<double>(target.values.size());
  std::string text = "the rarest label \"" + target.labels[rare] + "\" has " + percent(share) + " of the rows";
  return {"class balance", share * static_cast<double>(target.classes()) < 0.2 ? "alerted" : "passed", text};
}

static Guardrail cardinality(const Table& table) {
  std::size_t many = 0;
  std::string name;
  for (auto& column : table.columns)
    if (column.type == ColumnType::category && column.words.size() > 30) many++, name = column.name;
  if (!many) return {"high cardinality", "passed", "no column has more than 30 categories"};
  return {"high cardinality", "done",
          counted(many, "column has", "columns have") + " more than 30 categories (\"" + name +
              "\" for one); the target's mean stands for each"};
}

// One column that says nearly all: the target in other words, or something known only after it.
static Guardrail leakage(const Table& table, const Target& target) {
  for (auto& column : table.columns) {
    if (column.is_number() && target.task == Task::regress) {
      double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
      for (std::size_t i = 0; i < column.rows(); i++) {
        if (!std::isfinite(column.numbers[i])) continue;
        double a = column.numbers[i], b = target.values[i];
        n++, x += a, y += b, xx += a * a, yy += b * b, xy += a * b;
      }
      double spread = (xx - x * x / n) * (yy - y * y / n), together = xy - x * y / n;
      if (n > 10 && spread > 0 && together * together / spread > 0.9999)
        return {"leakage", "alerted",
                "column \"" + column.name + "\" is the target but for a factor: is it known before?"};
    }
    if (column.is_number() || target.task != Task::classify || column.words.size() > target.values.size() / 10)
      continue;
    std::vector<std::unordered_map<int, std::size_t>> counts(column.words.size());
    std::size_t known = 0;
    for (std::size_t i = 0; i < column.rows(); i++)
      if (column.codes[i] >= 0)
        counts[static_cast<std::size_t>(column.codes[i])][static_cast<int>(target.values[i])]++, known++;
    std::size_t right = 0;
    for (auto& count : counts) {
      std::size_t most = 0;
      for (auto& [label, rows] : count) most = std::max(most, rows);
      right += most;
    }
    if (known > target.values.size() / 2 && known > 50 && right == known)
      return {"leakage", "alerted",
              "column \"" + column.name + "\" alone tells the label of every row: is it known before?"};
  }
  return {"leakage", "passed", "no column alone tells the target"};
}

static std::uint64_t mixed(std::uint64_t h) {  // splitmix64
  h += 0x9e3779b97f4a7c15u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

static Guardrail repeated_rows(const Table& table) {
  if (table.rows() > 50'000) return {"repeated rows", "passed", "not counted above 50,000 rows"};
  std::vector<std::uint64_t> rows(table.rows());
  for (auto& column : table.columns)
    for (std::size_t i = 0; i < rows.size(); i++) {
      constexpr std::uint64_t hole = 1;
      std::uint64_t cell = column.is_missing(i) ? hole
                           : column.is_number() ? std::bit_cast<std::uint64_t>(column.numbers[i])
                                                : static_cast<std::uint64_t>(column.codes[i]) + 2;
      rows[i] = mixed(rows[i] ^ mixed(cell));
    }
  std::sort(rows.begin(), rows.end());
  auto repeated = static_cast<std::size_t>(rows.end() - std::unique(rows.begin(), rows.end()));
  double share = static_cast<double>(repeated) / static_cast<double>(std::max<std::size_t>(1, table.rows()));
  if (share < 0.05) return {"repeated rows", "passed", counted(repeated, "row occurs", "rows occur") + " again"};
  return {"repeated rows", "alerted",
          percent(share) + " of the rows occur again: equal rows in learning and judging make scores too good"};
}

static Guardrail looked_at(const Table& table) {
  std::size_t columns = table.columns.size();
  if (columns <= most_screened_columns) return {"columns", "passed", "all of them are looked at"};
  return {"columns", "done",
          "of " + std::to_string(columns) + " each pipeline sees the " + std::to_string(most_screened_columns) +
              " that tell most of the target in the rows that it learns from; the report lists those that the model "
              "does not take (left_out)"};
}

std::vector<Guardrail> look_at_rows(const Table& table) { return {missing_values(table), repeated_rows(table)}; }

std::vector<Guardrail> look_at(const Table& table, const Target& target) {
  std::vector<Guardrail> found{enough_rows(table), looked_at(table),       missing_values(table),
                               cardinality(table), leakage(table, target), repeated_rows(table)};
  if (target.task == Task::classify) found.push_back(balance(target));
  return found;
}

json::array to_json(const std::vector<Guardrail>& guardrails) {
  json::array list;
  for (auto& one : guardrails) list.push_back({{"name", one.name}, {"state", one.state}, {"text", one.text}});
  return list;
}

}  // namespace gyre
