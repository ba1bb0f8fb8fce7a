#pragma once
// A model of a table as a whole: raw rows in, answers out. It becomes one ONNX file that was checked against it.
#include <memory>
#include <string>
#include <vector>

#include "learn/featurise.hpp"
#include "learn/learner.hpp"

namespace gyre {

class TableModel {
 public:
  virtual ~TableModel() = default;
  // [rows][outputs]: probabilities in the order of the labels, or one number.
  virtual std::vector<double> predict(const Table& table, int threads) const = 0;
  // f32 [rows, outputs].
  virtual std::string export_to(GraphBuilder& graph, TableInputs& inputs) const = 0;
};

// Features and what was learned from them.
class TablePipeline final : public TableModel {
 public:
  TablePipeline(Featuriser featuriser, std::unique_ptr<Fitted> fitted)
      : featuriser_(std::move(featuriser)), fitted_(std::move(fitted)) {}
  std::vector<double> predict(const Table& table, int threads) const override {
    return fitted_->predict(featuriser_.transform(table), threads);
  }
  std::string export_to(GraphBuilder& graph, TableInputs& inputs) const override;
  const Featuriser& featuriser() const { return featuriser_; }
  const Fitted& fitted() const { return *fitted_; }

 private:
  Featuriser featuriser_;
  std::unique_ptr<Fitted> fitted_;
};

// What one training of one learner on a table needs.
struct TableTraining {
  const Learner* learner = nullptr;
  json::object options;  // complete
  FeatureOptions features;
  int threads = 1;
  std::uint64_t seed = 1;
  std::function<bool()> stop = [] { return false; };
  CheckTrace* trace = nullptr;
  std::string several = "auto";    // auto: as the learner does it | one-vs-rest | one-vs-one
  std::string calibrate = "none";  // none | sigmoid | isotonic
};
Problem problem_of(const Target& target);
void check_training(const TableTraining& training, Task task);  // Error{invalid} for what cannot be
// `weights`: empty, or one for each row. `check`: rows that decide when to stop; may be empty.
TablePipeline train_pipeline(const TableTraining& training, const Table& table, const Target& target,
                             std::span<const double> weights, const Table* check, const Target* check_target);

// Rows as they come, and two that users will send sooner or later: all holes, and texts never seen.
Table with_odd_rows(const Table& examples);

inline constexpr double most_table_difference = 1e-5;  // between ONNX Runtime and the training's own answers

struct TableExport {
  std::string bytes;
  double difference = 0;
  std::vector<std::string> columns;  // that the file takes
  std::vector<Tensor> example{};     // what it takes for one row
};
// The largest one, beside 1 or the answer's size. Error{internal} when it is more than it may be.
double checked_difference(std::span<const double> expected, std::span<const double> given);
// Runs `examples` (rows as they come; holes and unknown categories are added) through both: Error{internal} when their
// answers differ by more than they may.
TableExport export_table_model(const TableModel& model, const Target& target, const Table& examples,
                               const json::object& lineage, const std::string& about, int threads);

// Which rows are held back: chosen by their content, so that equal rows stay on one side and another order of rows
// changes nothing.
std::vector<bool> held_back_rows(const Table& table, double share);

}  // namespace gyre
