#include "search/auto/ensemble_model.hpp"

#include "search/auto/cut.hpp"

namespace gyre {

std::vector<double> EnsembleModel::predict(const Table& table, int threads) const {
  std::vector<double> sum;
  for (auto& member : members_) {
    auto answers = member.model->predict(table, threads);
    sum.resize(answers.size());
    for (std::size_t i = 0; i < sum.size(); i++) sum[i] += member.weight * answers[i];
  }
  if (cut_odds_ != 1) move_cut(sum, cut_odds_);
  return sum;
}

std::string EnsembleModel::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  std::vector<std::string> parts;
  for (auto& member : members_) {
    std::string answers = member.model->export_to(graph, inputs);
    parts.push_back(graph.node("Mul", {answers, graph.constant(static_cast<float>(member.weight))}));
  }
  std::string sum = parts.size() == 1 ? parts[0] : graph.node("Sum", parts);
  if (cut_odds_ == 1) return sum;
  std::vector<float> odds{static_cast<float>(cut_odds_), 1};
  std::string moved = graph.node("Mul", {sum, graph.constant(Tensor::floats({2}, odds))});
  return graph.node("Div", {moved, graph.node("ReduceSum", {moved, graph.constant(std::vector<std::int64_t>{1})})});
}

}  // namespace gyre
