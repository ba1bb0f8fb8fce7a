#pragma once
// Products, differences and ratios of pairs of number columns: what trees would need many splits for.
#include "learn/features/numbers.hpp"

namespace gyre {

inline constexpr std::size_t most_paired_columns = 12;  // of more, pairs would be more than a training can look at

class PairBlock final : public FeatureBlock {
 public:
  PairBlock(const Table& table, std::vector<std::string> columns, const std::string& fill, const std::string& scale,
            const Target* target);
  std::vector<Feature> features() const override;
  void write(const Table& table, Matrix& to, std::size_t place) const override;
  std::string export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const override;

 private:
  std::vector<float> made(const Table& table, std::size_t feature) const;  // before its rule; a hole is NaN
  std::size_t pairs() const { return left_.size(); }
  std::vector<std::string> columns_;
  std::vector<std::int64_t> left_, right_;  // of each pair, places in columns_
  std::vector<NumberRule> rules_;           // products, then differences, then ratios
};

}  // namespace gyre
