#pragma once
// Numbers as ranges that hold as many rows each: a linear model can bend then, and what is far out counts no more.
#include "learn/featurise.hpp"

namespace gyre {

class BinBlock final : public FeatureBlock {
 public:
  BinBlock(const Table& table, std::vector<std::string> columns, std::size_t bins);
  std::vector<Feature> features() const override;
  void write(const Table& table, Matrix& to, std::size_t place) const override;
  std::string export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const override;

 private:
  std::vector<std::string> columns_;
  // Of each feature: its column, and its range, which ends before `high`. A hole is in none.
  std::vector<std::int64_t> column_;
  std::vector<float> low_, high_;
};

}  // namespace gyre
