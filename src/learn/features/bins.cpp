#include "learn/features/bins.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "learn/features/numbers.hpp"
#include "learn/metrics.hpp"

namespace gyre {

BinBlock::BinBlock(const Table& table, std::vector<std::string> columns, std::size_t bins)
    : columns_(std::move(columns)) {
  constexpr float most = std::numeric_limits<float>::max();
  auto found = table.get_all(columns_);
  for (std::size_t c = 0; c < columns_.size(); c++) {
    std::vector<double> values;
    for (double number : found[c]->numbers)
      if (float cell = narrowed(number); !std::isnan(cell)) values.push_back(cell);
    if (values.empty()) continue;
    auto [least, largest] = std::minmax_element(values.begin(), values.end());
    std::vector<float> edges{-most};  // what is infinite is a hole
    for (std::size_t i = 1; i < bins; i++) {
      double edge = quantile(values, static_cast<double>(i) / static_cast<double>(bins));
      if (edge > *least && edge<*largest&& static_cast<float>(edge)> edges.back())
        edges.push_back(static_cast<float>(edge));
    }
    edges.push_back(std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i + 1 < edges.size(); i++) {
      column_.push_back(static_cast<std::int64_t>(c));
      low_.push_back(edges[i]), high_.push_back(edges[i + 1]);
    }
  }
}

static std::string said(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", double{value});
  return text;
}

std::vector<Feature> BinBlock::features() const {
  std::vector<Feature> list;
  for (std::size_t i = 0; i < column_.size(); i++) {
    auto& name = columns_[static_cast<std::size_t>(column_[i])];
    bool first = low_[i] == -std::numeric_limits<float>::max(), last = std::isinf(high_[i]);
    list.push_back({name + (first && last ? " is there"
                            : first       ? " < " + said(high_[i])
                            : last        ? " >= " + said(low_[i])
                                          : " " + said(low_[i]) + " .. " + said(high_[i]))});
  }
  return list;
}

void BinBlock::write(const Table& table, Matrix& to, std::size_t place) const {
  auto columns = table.get_all(columns_);
  for (std::size_t i = 0; i < to.rows; i++)
    for (std::size_t f = 0; f < column_.size(); f++) {
      float cell = narrowed(columns[static_cast<std::size_t>(column_[f])]->numbers[i]);
      to.row(i)[place + f] = cell >= low_[f] && cell < high_[f] ? 1.0f : 0.0f;
    }
}

std::string BinBlock::export_to(GraphBuilder& graph, const std::map<std::string, std::string>& inputs) const {
  std::vector<std::string> values;
  for (auto& name : columns_) values.push_back(inputs.at(name));
  std::string all = values.size() == 1 ? values[0] : graph.node("Concat", values, {{"axis", std::int64_t{1}}});
  std::string each = graph.node("Gather", {all, graph.constant(column_)}, {{"axis", std::int64_t{1}}});
  auto row = [&](const std::vector<float>& of) {
    return graph.constant(Tensor::floats({1, static_cast<std::int64_t>(of.size())}, of));
  };
  std::string within =
      graph.node("And", {graph.node("GreaterOrEqual", {each, row(low_)}), graph.node("Less", {each, row(high_)})});
  return graph.node("Cast", {within}, {{"to", std::int64_t{1}}});
}

}  // namespace gyre
