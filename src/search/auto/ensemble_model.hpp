#pragma once
// Members' answers, each times its weight: a model of a table like any other. A member is the mean of what was learned
// on the folds, each of which saw other rows.
#include <memory>
#include <vector>

#include "learn/table_model.hpp"
#include "search/auto/adjustment.hpp"

namespace gyre {

struct EnsembleMember {
  std::shared_ptr<const TableModel> model;  // also on the leaderboard it came from
  double weight = 1;
};

class EnsembleModel final : public TableModel {
 public:
  explicit EnsembleModel(std::vector<EnsembleMember> members, Adjustment adjustment = {})
      : members_(std::move(members)), adjustment_(adjustment) {}
  std::vector<double> predict(const Table& table, int threads) const override;
  std::string export_to(GraphBuilder& graph, TableInputs& inputs) const override;

 private:
  std::vector<EnsembleMember> members_;
  Adjustment adjustment_;
};

}  // namespace gyre
