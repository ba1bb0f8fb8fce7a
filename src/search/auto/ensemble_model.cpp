#include "search/auto/ensemble_model.hpp"

namespace gyre {

std::vector<double> EnsembleModel::predict(const Table& table, int threads) const {
  std::vector<double> sum;
  for (auto& member : members_) {
    auto answers = member.model->predict(table, threads);
    sum.resize(answers.size());
    for (std::size_t i = 0; i < sum.size(); i++) sum[i] += member.weight * answers[i];
  }
  return sum;
}

std::string EnsembleModel::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  std::vector<std::string> parts;
  for (auto& member : members_) {
    std::string answers = member.model->export_to(graph, inputs);
    parts.push_back(graph.node("Mul", {answers, graph.constant(static_cast<float>(member.weight))}));
  }
  return parts.size() == 1 ? parts[0] : graph.node("Sum", parts);
}

}  // namespace gyre
