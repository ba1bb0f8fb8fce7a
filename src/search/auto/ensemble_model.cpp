#include "search/auto/ensemble_model.hpp"

namespace gyre {

std::vector<double> EnsembleModel::predict(const Table& table, int threads) const {
  std::vector<double> sum;
  for (auto& member : members_) {
    auto answers = member.model->predict(table, threads);
    sum.resize(answers.size());
    for (std::size_t i = 0; i < sum.size(); i++) sum[i] += member.weight * answers[i];
  }
  if (table.rows() > 0) adjust(sum, sum.size() / table.rows(), adjustment_);
  return sum;
}

static std::string summing_to_one(GraphBuilder& graph, const std::string& rows) {
  return graph.node("Div", {rows, graph.node("ReduceSum", {rows, graph.constant(std::vector<std::int64_t>{1})})});
}

std::string EnsembleModel::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  std::vector<std::string> parts;
  for (auto& member : members_) {
    auto write = [&] { return member.model->export_to(graph, inputs); };
    std::string answers = inputs.once(member.model.get(), write);  // a second level may use it, too
    parts.push_back(graph.node("Mul", {answers, graph.constant(static_cast<float>(member.weight))}));
  }
  std::string sum = parts.size() == 1 ? parts[0] : graph.node("Sum", parts);
  if (adjustment_.cut_odds != 1) {
    std::vector<float> odds{static_cast<float>(adjustment_.cut_odds), 1};
    sum = summing_to_one(graph, graph.node("Mul", {sum, graph.constant(Tensor::floats({2}, odds))}));
  }
  if (adjustment_.sharpness != 1)
    sum = summing_to_one(graph, graph.node("Pow", {sum, graph.constant(static_cast<float>(adjustment_.sharpness))}));
  return sum;
}

}  // namespace gyre
