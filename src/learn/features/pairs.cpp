#include "learn/features/pairs.hpp"

#include <cmath>
#include <limits>

namespace gyre {

PairBlock::PairBlock(const Table& table, std::vector<std::string> columns, const std::string& fill,
                     const std::string& scale, const Target* target)
    : columns_(std::move(columns)) {
  for (std::size_t i = 0; i < columns_.size(); i++)
    for (std::size_t j = i + 1; j < columns_.size(); j++) {
      left_.push_back(static_cast<std::int64_t>(i));
      right_.push_back(static_cast<std::int64_t>(j));
    }
  for (std::size_t feature = 0; feature < 3 * pairs(); feature++)
    rules_.push_back(number_rule(made(table, feature), fill, scale, target));
}

// In the precision of the graph, so that both give the same.
std::vector<float> PairBlock::made(const Table& table, std::size_t feature) const {
  auto& left = table.get(columns_[static_cast<std::size_t>(left_[feature % pairs()])]).numbers;
  auto& right = table.get(columns_[static_cast<std::size_t>(right_[feature % pairs()])]).numbers;
  std::vector<float> values(left.size());
  for (std::size_t i = 0; i < values.size(); i++) {
    auto a = static_cast<float>(left[i]), b = static_cast<float>(right[i]);
    float value = feature < pairs() ? a * b : feature < 2 * pairs() ? a - b : a / b;
    values[i] = std::isinf(value) ? std::numeric_limits<float>::quiet_NaN() : value;
  }
  return values;
}

std::vector<Feature> PairBlock::features() const {
  std::vector<Feature> list;
  for (const char* sign : {" * ", " - ", " / "})
    for (std::size_t i = 0; i < pairs(); i++)
      list.push_back(
          {columns_[static_cast<std::size_t>(left_[i])] + sign + columns_[static_cast<std::size_t>(right_[i])]});
  return list;
}

void PairBlock::write(const Table& table, Matrix& to, std::size_t place) const {
  for (std::size_t feature = 0; feature < rules_.size(); feature++) {
    auto values = made(table, feature);
    for (std::size_t i = 0; i < values.size(); i++) to.row(i)[place + feature] = rules_[feature](values[i]);
  }
}

std::string PairBlock::export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const {
  std::vector<std::string> values;
  for (auto& name : columns_) values.push_back(inputs.at(name));
  std::string all = graph.node("Concat", values, {{"axis", std::int64_t{1}}});
  std::string left = graph.node("Gather", {all, graph.constant(left_)}, {{"axis", std::int64_t{1}}});
  std::string right = graph.node("Gather", {all, graph.constant(right_)}, {{"axis", std::int64_t{1}}});
  std::string made = graph.node(
      "Concat", {graph.node("Mul", {left, right}), graph.node("Sub", {left, right}), graph.node("Div", {left, right})},
      {{"axis", std::int64_t{1}}});
  return export_rules(graph, made, rules_);
}

}  // namespace gyre
