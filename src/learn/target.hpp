#pragma once
// What is to be learned: a column of a table as labels or numbers.
#include <string>
#include <vector>

#include "learn/table.hpp"

namespace gyre {

enum class Task { classify, regress };
std::string_view name_of(Task task);

struct Target {
  std::string column;
  Task task = Task::regress;
  std::vector<std::string> labels;  // of a classification, sorted; numbers by value
  std::vector<double> values;       // the label's place in `labels`, or the number itself
  std::size_t classes() const { return labels.size(); }
  Target take(std::span<const std::size_t> rows) const;
};

// A table cut into what is known and what is to be learned. Rows without a target are left out and said.
struct Learnable {
  Table table;  // without the target
  Target target;
};

// `task`: "auto", "classify" or "regress". Texts and booleans are labels; numbers are labels when they are few whole
// ones. Error{invalid} when there is nothing to learn: one label alone, a constant, too few rows.
Learnable learnable(Table table, const std::string& target, const std::string& task = "auto");
// The same of a table's target column alone; a row without a target has the value NaN. Findings go to the table.
Target target_of(Table& table, const std::string& target, const std::string& task = "auto");
// The same with labels that are known already: a truth outside of them is put behind them (and said).
Learnable judgeable(Table table, const std::string& target, Task task, const std::vector<std::string>& labels);

// The label that a cell is: "1" for 1.0, "true".
std::string label_of(const Column& column, std::size_t row);

}  // namespace gyre
