#include "search/auto/stack.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

// Probabilities come in as log odds, which add up: of each label against the others' sum, as floats next to 1 say
// little about what is missing there. Bent at the ends, where their last bits would count for much.
static constexpr double bend = 0.002;

static double log_odds(std::span<const double> probabilities, std::size_t of) {
  double others = 0;
  for (std::size_t i = 0; i < probabilities.size(); i++)
    if (i != of) others += probabilities[i];
  return std::log((probabilities[of] + bend) / (others + bend));
}

static std::string log_odds(GraphBuilder& graph, const std::string& probabilities, std::size_t labels) {
  std::vector<float> all_but_one(labels * labels, 1);
  for (std::size_t i = 0; i < labels; i++) all_but_one[i * labels + i] = 0;
  auto size = static_cast<std::int64_t>(labels);
  std::string others = graph.node("MatMul", {probabilities, graph.constant(Tensor::floats({size, size}, all_but_one))});
  std::string bend_value = graph.constant(static_cast<float>(bend));
  return graph.node(
      "Log",
      {graph.node("Div", {graph.node("Add", {probabilities, bend_value}), graph.node("Add", {others, bend_value})})});
}

Stack::Stack(const Problem& problem, std::vector<Base> bases)
    : problem_(problem),
      outputs_(problem.outputs()),
      first_told_(problem.outputs() == 2 ? 1 : 0),
      bases_(std::move(bases)) {
  for (auto& base : bases_) {
    std::vector<EnsembleMember> parts;
    for (auto& model : base.models) parts.push_back({model, 1 / static_cast<double>(base.models.size())});
    means_.emplace_back(std::move(parts));
  }
}

std::size_t Stack::most_models() const {
  std::size_t most = 0;
  for (auto& base : bases_) most = std::max(most, base.models.size());
  return most;
}

std::shared_ptr<const Stack> Stack::with_fewer(std::size_t most_models) const {
  auto bases = bases_;
  for (auto& base : bases) base.models.resize(std::min(base.models.size(), most_models));
  return std::make_shared<const Stack>(problem_, std::move(bases));
}

// No column of a user's table begins with a control character.
std::string Stack::column(std::size_t base, std::size_t output) const {
  return "\x1f" + bases_[base].candidate.name + ": answer " + std::to_string(output + 1);
}

void Stack::add_columns(Table& table, std::size_t base, std::span<const double> answers) const {
  for (std::size_t output = first_told_; output < outputs_; output++) {
    Column column{this->column(base, output), ColumnType::number, {}, {}, {}};
    for (std::size_t row = 0; row < table.rows(); row++) {
      auto answer = answers.subspan(row * outputs_, outputs_);
      column.numbers.push_back(outputs_ == 1 ? answer[0] : log_odds(answer, output));
    }
    table.columns.push_back(std::move(column));
  }
}

Table Stack::training(const Table& table, Sees sees) const {
  Table wider{table.name, {}, table.row_numbers, {}};
  if (sees == Sees::both) wider.columns = table.columns;
  for (std::size_t base = 0; base < bases_.size(); base++) add_columns(wider, base, bases_[base].unseen);
  return wider;
}

Table Stack::with_answers(const Table& table, int threads) const {
  Table wider{table.name, table.columns, table.row_numbers, {}};
  for (std::size_t base = 0; base < bases_.size(); base++)
    add_columns(wider, base, means_[base].predict(table, threads));
  return wider;
}

void Stack::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  for (std::size_t base = 0; base < bases_.size(); base++) {
    std::string answers = means_[base].export_to(graph, inputs);
    if (outputs_ == 1) {
      inputs.set(column(base, 0), answers);
      continue;
    }
    std::vector<std::int64_t> ones(outputs_, 1);
    std::string first = graph.node("Split", {log_odds(graph, answers, outputs_), graph.constant(ones)},
                                   {{"axis", std::int64_t{1}}}, static_cast<int>(outputs_));
    for (std::size_t output = first_told_; output < outputs_; output++)
      inputs.set(column(base, output), output == 0 ? first : first + "_" + std::to_string(output));
  }
}

std::string StackedModel::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  stack_->export_to(graph, inputs);
  return upper_.export_to(graph, inputs);
}

}  // namespace gyre
