#include "learn/dense_net.hpp"

#include <algorithm>
#include <cmath>

#include "learn/lanes.hpp"

namespace gyre {

static constexpr float farthest = 3;

float drawn_in(float feature) {
  float share = feature / farthest;
  return feature / std::sqrt(1 + share * share);
}

void run_layer(const DenseLayer& layer, const std::vector<float>& from, std::size_t rows, std::vector<float>& sums) {
  sums.resize(rows * layer.out);
  for (std::size_t i = 0; i < rows; i++)
    std::copy(layer.biases.begin(), layer.biases.end(), sums.begin() + static_cast<std::ptrdiff_t>(i * layer.out));
  add_product(from.data(), layer.weights.data(), sums.data(), rows, layer.in, layer.out);
}

std::vector<double> DenseNet::predict(const Matrix& features, int threads) const {
  std::size_t outputs = layers_.back().out;
  std::vector<double> sums(features.rows * outputs);
  for_rows(features.rows, threads, [&](std::size_t from, std::size_t to) {
    constexpr std::size_t at_once = 64;
    std::vector<float> values, next;
    for (std::size_t i = from; i < to; i += at_once) {
      std::size_t rows = std::min(at_once, to - i);
      auto first = features.values.begin() + static_cast<std::ptrdiff_t>(i * features.columns);
      values.assign(first, first + static_cast<std::ptrdiff_t>(rows * features.columns));
      for (float& value : values) value = drawn_in(value);
      for (std::size_t l = 0; l < layers_.size(); l++) {
        run_layer(layers_[l], values, rows, next);
        values.swap(next);
        if (l + 1 < layers_.size())
          for (float& value : values) value *= sigmoid_of(value);
      }
      std::copy(values.begin(), values.end(), sums.begin() + static_cast<std::ptrdiff_t>(i * outputs));
    }
  });
  return linked(std::move(sums), outputs, link_);
}

std::string DenseNet::export_to(GraphBuilder& graph, const std::string& features) const {
  std::string share = graph.node("Div", {features, graph.constant(farthest)});
  std::string width = graph.node("Add", {graph.node("Mul", {share, share}), graph.constant(1.0f)});
  std::string value = graph.node("Div", {features, graph.node("Sqrt", {width})});
  for (std::size_t l = 0; l < layers_.size(); l++) {
    auto& layer = layers_[l];
    auto out = static_cast<std::int64_t>(layer.out), in = static_cast<std::int64_t>(layer.in);
    value = graph.node("Gemm", {value, graph.constant(Tensor::floats({in, out}, layer.weights)),
                                graph.constant(Tensor::floats({out}, layer.biases))});
    if (l + 1 < layers_.size()) value = graph.node("Mul", {value, graph.node("Sigmoid", {value})});
  }
  return export_link(graph, value, link_);
}

}  // namespace gyre
