#pragma once
// Models of rows whose answer is no column of the table that they learn from: scores of oddness, clusters, ratings.
// Each becomes one ONNX file that takes raw rows and was checked against the computation that made it.
#include <filesystem>

#include "base/step.hpp"
#include "learn/featurise.hpp"
#include "model/session.hpp"

namespace gyre {

struct RowAnswer {
  std::string name;   // of the output
  std::string value;  // in the graph: [rows, width]
  std::int64_t width = 1;
  DataType type = DataType::f32;  // texts are not compared: they follow from numbers
};

class RowModel {
 public:
  virtual ~RowModel() = default;
  virtual std::vector<RowAnswer> export_to(GraphBuilder& graph, TableInputs& inputs) const = 0;
  // Of each of those that are numbers, in their order: [rows][width].
  virtual std::vector<std::vector<double>> answers(const Table& table, int threads) const = 0;
};

struct RowExport {
  std::string bytes;
  double difference = 0;  // the largest between ONNX Runtime and the computation here
  std::vector<std::string> columns;
};
// Runs `examples`, and rows with holes and texts never seen, through both: Error{internal} when they disagree by more
// than most_table_difference. Fills in what the signature says of inputs.
RowExport export_row_model(const RowModel& model, Signature signature, const Table& examples,
                           const json::object& lineage, int threads);

// Features for learners that are told no truth: no column is a target that categories could be encoded by.
Featuriser features_without_target(const Table& table, const std::string& what, FeatureOptions options);

// How rows are read, and which of them are held back to judge by: alike in the steps that learn and that judge.
struct RowOptions {
  std::vector<std::string> types;
  std::vector<std::string> leave_out;
  double hold = 0.2;
  std::int64_t seed = 1;
  FeatureOptions features;
};

struct RowParts {
  Table learn, hold;              // without the columns that are left out and those aside
  Table learn_aside, hold_aside;  // columns that are no features: what is to be learned, or what judges
  std::vector<std::string> findings;
};
RowParts read_rows(const RowOptions& options, const std::vector<std::string>& aside, StepContext& context);
json::object given(const RowOptions& options);  // for the lineage

// Rows spread over the table, as many as an export is checked with.
Table examples_of(const Table& table);

// A table with the types that a model's inputs need, and the model's answers to it by the names of its outputs.
Table read_table_for(const Session& session, const std::filesystem::path& file, StepContext& context);
std::map<std::string, std::vector<float>> row_answers(const Session& session, const Table& table, StepContext& context);
// The rows of a part, as training chose them. Error{invalid} where there is none.
Table part_of(const Table& table, const std::string& part, double hold);
inline const std::vector<std::string> part_choices{"hold", "train", "all"};
Signature need_signature(const Session& session, const std::string& task, const std::string& hint);

std::vector<Field> row_fields();  // of RowOptions

// The same where they are a member of a step's options.
template <class Options>
std::vector<Field> row_fields(RowOptions Options::*member) {
  std::vector<Field> fields = row_fields();
  for (auto& one : fields)
    one.set = [set = one.set, member](void* target, const json::value& value) {
      set(&(static_cast<Options*>(target)->*member), value);
    };
  return fields;
}

}  // namespace gyre
