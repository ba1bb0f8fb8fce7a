#include "learn/linear_model.hpp"

#include <cmath>

namespace gyre {

LinearModel::LinearModel(std::vector<double> weights, std::vector<double> biases, Link link, json::object about)
    : weights_(std::move(weights)), biases_(std::move(biases)), link_(link), about_(std::move(about)) {}

std::vector<double> LinearModel::predict(const Matrix& matrix, int threads) const {
  std::size_t outputs = biases_.size(), width = features();
  std::vector<double> sums(matrix.rows * outputs);
  for_rows(matrix.rows, threads, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; i++) {
      auto row = matrix.row(i);
      for (std::size_t o = 0; o < outputs; o++) {
        double sum = biases_[o];
        for (std::size_t j = 0; j < width; j++) sum += weights_[o * width + j] * double{row[j]};
        sums[i * outputs + o] = sum;
      }
    }
  });
  return linked(std::move(sums), outputs, link_);
}

std::string LinearModel::export_to(GraphBuilder& graph, const std::string& features_name) const {
  auto outputs = static_cast<std::int64_t>(biases_.size());
  std::vector<float> weights(weights_.begin(), weights_.end()), biases(biases_.begin(), biases_.end());
  std::string sums = graph.node(
      "Gemm",
      {features_name, graph.constant(Tensor::floats({outputs, static_cast<std::int64_t>(features())}, weights)),
       graph.constant(Tensor::floats({outputs}, biases))},
      {{"transB", std::int64_t{1}}});
  return export_link(graph, sums, link_);
}

std::vector<double> LinearModel::importance() const {
  std::vector<double> sizes(features());
  for (std::size_t i = 0; i < weights_.size(); i++) sizes[i % features()] += std::abs(weights_[i]);
  return sizes;
}

}  // namespace gyre
