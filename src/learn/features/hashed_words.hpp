#pragma once
// Sentences without a vocabulary: each word counts at a place that its hash tells, with a sign that it tells as well,
// so that words that share a place cancel out rather than add up; each row at a length of 1.
#include "learn/featurise.hpp"

namespace gyre {

class HashedWordsBlock final : public FeatureBlock {
 public:
  HashedWordsBlock(std::string column, std::size_t places) : column_(std::move(column)), places_(places) {}
  std::vector<Feature> features() const override;
  void write(const Table& table, Matrix& to, std::size_t place) const override;
  std::string export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const override;

 private:
  std::string column_;
  std::size_t places_;
};

}  // namespace gyre
