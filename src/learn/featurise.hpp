#pragma once
// From a table's cells to what learners see. Fitted once on the training rows; the same computation is written into the
// model's ONNX graph, which takes raw cells: one input for each column, f32 or text, a hole being NaN or "".
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "learn/features/components.hpp"
#include "learn/learner.hpp"
#include "learn/table.hpp"

namespace gyre {

struct FeatureOptions {
  std::string fill = "auto";        // auto | keep | mean | median | zero
  std::string scale = "auto";       // auto | none | standard | min-max | robust | relevance
  std::string categories = "auto";  // auto | one-hot | ordinal | target | native
  std::int64_t one_hot_most = 30;   // categories of a column that are one-hot encoded by "auto"; more by target
  std::string texts = "terms";      // terms | hashed
  std::int64_t text_terms = 200;    // of each column of sentences
  std::int64_t bins = 0;            // number columns as ranges
  bool pairs = false;               // products, differences and ratios of number columns, when they are few
  std::vector<std::string> keep{};  // columns that are not left out, though they look useless
  std::int64_t components = 0;      // in place of all features
};
json::object given(const FeatureOptions& options);
std::vector<Field> feature_fields();

// The inputs of a graph that takes a table: one for each column that somebody needs.
class TableInputs {
 public:
  const std::string& value(GraphBuilder& graph, const std::string& column, DataType type);
  // A column that is no input but made of others.
  void set(const std::string& column, std::string value) { values_[column] = std::move(value); }
  // The value of a model that several others use: written when the first of them asks.
  std::string once(const void* model, const std::function<std::string()>& write);
  const std::vector<std::string>& columns() const { return columns_; }  // in the order of the inputs
  std::map<std::string, std::string> values() const { return values_; }

 private:
  std::vector<std::string> columns_;
  std::map<std::string, std::string> values_;
  std::map<const void*, std::string> written_;
};

// Some rows of a table as those inputs.
std::vector<Tensor> table_tensors(const Table& table, const std::vector<std::string>& columns,
                                  std::span<const std::size_t> rows);

// Makes some features of some columns.
class FeatureBlock {
 public:
  virtual ~FeatureBlock() = default;
  virtual std::vector<Feature> features() const = 0;
  // Writes its features of each row to `to`, from column `place` on.
  virtual void write(const Table& table, Matrix& to, std::size_t place) const = 0;
  // For the rows it was fitted on, where those must not see their own targets; else as write().
  virtual void write_training(const Table& table, Matrix& to, std::size_t place) const { write(table, to, place); }
  // The same as nodes: f32 [rows, features]. `inputs`: the value of each column.
  virtual std::string export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const = 0;
};

struct LeftOutColumn {
  std::string column, why;
  std::string text() const { return "column \"" + column + "\" is left out: " + why; }
  auto operator<=>(const LeftOutColumn&) const = default;
};

class Featuriser {
 public:
  // Columns that cannot help are left out: left_out() says which and why. Error{invalid} when none is left.
  Featuriser(const Table& table, const Target& target, const Wants& wants, const FeatureOptions& options,
             std::uint64_t seed = 1);
  Featuriser(Featuriser&&) noexcept = default;

  Matrix training(const Table& table) const;   // of the rows it was fitted on
  Matrix transform(const Table& table) const;  // of any others; columns by name
  // Adds the nodes, and inputs that others have not added yet; gives the value with the features.
  std::string export_to(GraphBuilder& graph, TableInputs& inputs) const;

  const std::vector<std::string>& columns() const { return columns_; }  // that are used: the model's inputs
  DataType input_type(std::size_t column) const { return texts_[column] ? DataType::text : DataType::f32; }
  const std::vector<Feature>& features() const { return features_; }
  const std::vector<LeftOutColumn>& left_out() const { return left_out_; }
  std::vector<std::string> findings() const;  // the same in words

 private:
  std::vector<Feature> features_of_blocks() const;
  Matrix written(const Table& table, bool training) const;  // before components
  std::vector<std::string> columns_;
  std::vector<bool> texts_;  // by column: it goes in as text
  std::vector<std::unique_ptr<FeatureBlock>> blocks_;
  Components components_;
  std::vector<Feature> features_;  // as learners see them
  std::vector<LeftOutColumn> left_out_;
};

}  // namespace gyre
