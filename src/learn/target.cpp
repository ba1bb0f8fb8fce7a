#include "learn/target.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>

#include "base/error.hpp"
#include "data/gather.hpp"

namespace gyre {

std::string_view name_of(Task task) { return task == Task::classify ? "classify" : "regress"; }

Target Target::take(std::span<const std::size_t> rows) const {
  Target taken{column, task, labels, {}};
  taken.values.reserve(rows.size());
  for (auto row : rows) taken.values.push_back(values[row]);
  return taken;
}

std::string label_of(const Column& column, std::size_t row) { return column.text(row); }

namespace {

Table with_target_only(Table table, const Column& target, std::vector<std::string>& findings) {
  std::vector<std::size_t> known;
  std::size_t first = 0, missing = 0;
  for (std::size_t i = 0; i < target.rows(); i++) {
    if (!target.is_missing(i))
      known.push_back(i);
    else if (missing++ == 0)
      first = i;
  }
  if (!missing) return table;
  findings.push_back("target \"" + target.name +
                     "\": " + counted(missing, "row has none and is", "rows have none and are") +
                     " left out; the first is row " + std::to_string(table.row_numbers[first]));
  if (known.empty())
    throw Error(Code::invalid, table.name + ": the target \"" + target.name + "\" is missing in every row",
                "name another column, or fill it");
  return table.take(known);
}

// In the order of people: numbers by value, texts by bytes.
void sort_labels(Target& target) {
  std::vector<std::string> sorted = target.labels;
  auto value = [](const std::string& label) { return std::strtod(label.c_str(), nullptr); };
  bool numbers = std::all_of(sorted.begin(), sorted.end(), [](auto& label) {
    char* end = nullptr;
    std::strtod(label.c_str(), &end);
    return *end == 0;
  });
  if (numbers)
    std::sort(sorted.begin(), sorted.end(), [&](auto& a, auto& b) { return value(a) < value(b); });
  else
    std::sort(sorted.begin(), sorted.end());
  std::map<std::string, double> place;
  for (std::size_t i = 0; i < sorted.size(); i++) place[sorted[i]] = static_cast<double>(i);
  for (double& code : target.values) code = place[target.labels[static_cast<std::size_t>(code)]];
  target.labels = std::move(sorted);
}

void fill_labels(Target& target, const Column& column) {
  std::map<std::string, double, std::less<>> places;
  for (std::size_t i = 0; i < target.labels.size(); i++) places[target.labels[i]] = static_cast<double>(i);
  for (std::size_t i = 0; i < column.rows(); i++) {
    std::string label = label_of(column, i);
    auto found = places.find(label);
    if (found == places.end()) {
      found = places.emplace(label, static_cast<double>(target.labels.size())).first;
      target.labels.push_back(label);
    }
    target.values.push_back(found->second);
  }
}

void fill_numbers(Target& target, const Column& column, const Table& table) {
  if (!column.is_number())
    throw Error(Code::invalid,
                table.name + ": the target \"" + column.name + "\" is " + std::string(name_of(column.type)) +
                    ", and regression needs numbers",
                "learn its labels: --task classify; or read it as numbers: --types " + column.name + "=number");
  target.values = column.numbers;
}

Learnable cut(Table table, const std::string& name, Target target) {
  std::string exact = table.get(name).name;
  std::vector<std::string> findings;
  table = with_target_only(std::move(table), Column(table.get(exact)), findings);
  table.findings.insert(table.findings.end(), findings.begin(), findings.end());
  Column column = table.get(exact);
  target.column = exact;
  if (target.task == Task::classify)
    fill_labels(target, column);
  else
    fill_numbers(target, column, table);
  return {table.without(exact), std::move(target)};
}

}  // namespace

static Learnable with_target(Table table, const std::string& name, const std::string& task) {
  const Column& column = table.get(name);
  Target target;
  target.task = task == "auto"
                    ? (!column.is_number() || look_like_labels(column.numbers) ? Task::classify : Task::regress)
                : task == "classify" ? Task::classify
                                     : Task::regress;
  Learnable cut_up = cut(std::move(table), name, target);
  auto& made = cut_up.target;
  std::string where = cut_up.table.name + ": the target \"" + made.column + "\"";
  if (made.task == Task::classify) {
    sort_labels(made);
    if (made.labels.size() < 2)
      throw Error(Code::invalid, where + " has one label alone: \"" + made.labels[0] + "\"",
                  "there is nothing to tell apart; is this the right column?");
    if (made.labels.size() > 1000)
      throw Error(Code::invalid, where + " has " + std::to_string(made.labels.size()) + " labels, 1000 is the most",
                  "is it a number, or an identifier? --task regress");
  } else {
    auto [low, high] = std::minmax_element(made.values.begin(), made.values.end());
    if (*low == *high)
      throw Error(Code::invalid, where + " is the same in every row",
                  "there is nothing to learn; is this the right column?");
  }
  return cut_up;
}

Learnable learnable(Table table, const std::string& name, const std::string& task) {
  Learnable cut_up = with_target(std::move(table), name, task);
  if (cut_up.table.columns.empty())
    throw Error(Code::invalid, cut_up.table.name + " has no column beside the target",
                "there is nothing to learn from");
  return cut_up;
}

Target target_of(Table& table, const std::string& name, const std::string& task) {
  const Column& column = table.get(name);
  std::vector<bool> known;
  for (std::size_t i = 0; i < column.rows(); i++) known.push_back(!column.is_missing(i));
  Learnable cut_up = with_target({table.name, {column}, table.row_numbers, {}}, name, task);
  table.findings.insert(table.findings.end(), cut_up.table.findings.begin(), cut_up.table.findings.end());
  Target target = std::move(cut_up.target);
  if (target.values.size() < known.size()) {
    std::vector<double> spread;
    for (std::size_t i = 0, next = 0; i < known.size(); i++)
      spread.push_back(known[i] ? target.values[next++] : std::numeric_limits<double>::quiet_NaN());
    target.values = std::move(spread);
  }
  return target;
}

Learnable judgeable(Table table, const std::string& name, Task task, const std::vector<std::string>& labels) {
  Learnable cut_up = cut(std::move(table), name, {name, task, labels, {}});
  for (std::size_t i = labels.size(); i < cut_up.target.labels.size(); i++)
    cut_up.table.findings.push_back("the model does not know \"" + cut_up.target.labels[i] +
                                    "\": each is a wrong answer");
  return cut_up;
}

}  // namespace gyre
