#pragma once
// Categories: each encoding is a table with a row of numbers for each category, one for those never seen and one for
// holes. In ONNX: look the place up, take the row.
#include "learn/featurise.hpp"

namespace gyre {

class CategoryBlock final : public FeatureBlock {
 public:
  // `encoding`: one-hot, ordinal, target, native (numbers of categories, for learners that take them).
  // Rare categories share a feature when one-hot encoded: those beyond the `most` frequent ones. `scaled`: mean targets
  // are told beside the mean and the spread of all.
  CategoryBlock(const Table& table, std::string column, const Target& target, const std::string& encoding,
                std::size_t most, bool scaled, std::uint64_t seed);
  std::vector<Feature> features() const override { return features_; }
  void write(const Table& table, Matrix& to, std::size_t place) const override;
  void write_training(const Table& table, Matrix& to, std::size_t place) const override;
  std::string export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const override;

 private:
  std::size_t width() const { return features_.size(); }
  std::size_t unknown() const { return words_.size(); }
  std::size_t missing() const { return words_.size() + 1; }
  std::size_t place_of(const Column& column, std::size_t row, const std::vector<std::size_t>& places) const;
  std::vector<std::size_t> places_of(const Column& column) const;  // by the column's own codes
  void one_hot(std::size_t most, bool holes);
  void by_target(const std::vector<std::size_t>& rows, const Target& target, bool scaled, std::uint64_t seed);
  std::string column_;
  std::vector<std::string> words_;
  std::vector<float> rows_;  // [words + 2][features]
  std::vector<Feature> features_;
  std::vector<float> training_;  // [rows][features]: out of fold
};

}  // namespace gyre
