#pragma once
// Members' answers, each times its weight: a model of a table like any other. A member is the mean of what was learned
// on the folds, each of which saw other rows.
#include <memory>
#include <vector>

#include "learn/table_model.hpp"

namespace gyre {

struct EnsembleMember {
  std::shared_ptr<const TableModel> model;  // also on the leaderboard it came from
  double weight = 1;
};

class EnsembleModel final : public TableModel {
 public:
  // `cut_odds`: of two labels, the odds from which on the second one is the answer (search/auto/cut.hpp).
  explicit EnsembleModel(std::vector<EnsembleMember> members, double cut_odds = 1)
      : members_(std::move(members)), cut_odds_(cut_odds) {}
  std::vector<double> predict(const Table& table, int threads) const override;
  std::string export_to(GraphBuilder& graph, TableInputs& inputs) const override;

 private:
  std::vector<EnsembleMember> members_;
  double cut_odds_;
};

}  // namespace gyre
