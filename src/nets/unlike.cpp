#include "nets/unlike.hpp"

#include <cmath>

#include "learn/metrics.hpp"
#include "nets/picture_net.hpp"

namespace gyre {

Unlike::Unlike(const torch::Tensor& features, const torch::Tensor& classes, std::int64_t class_count) {
  torch::NoGradGuard no_gradients;
  torch::Tensor wide = features.to(torch::kDouble);  // so that the inverse is exact enough
  std::int64_t size = wide.size(1);
  std::vector<torch::Tensor> means;
  torch::Tensor residual = wide.clone();
  for (std::int64_t c = 0; c < class_count; c++) {
    torch::Tensor own = (classes == c).nonzero().flatten();
    if (own.numel() == 0) continue;  // nothing is near a class that was never seen
    torch::Tensor mean = wide.index_select(0, own).mean(0);
    residual.index_copy_(0, own, wide.index_select(0, own) - mean);
    means.push_back(mean);
  }
  torch::Tensor covariance = residual.t().matmul(residual) / static_cast<double>(wide.size(0));
  double level = covariance.diagonal().mean().item<double>() + 1e-9;
  covariance = covariance * 0.9 + torch::eye(size, torch::kDouble) * (0.1 * level);
  torch::Tensor root = torch::linalg_cholesky(covariance);
  torch::Tensor inverse = torch::linalg_inv(root);
  white_ = (inverse.t() / std::sqrt(static_cast<double>(size))).to(torch::kFloat).contiguous();
  means_ = torch::stack(means).to(torch::kFloat).contiguous();
}

torch::Tensor Unlike::score(const torch::Tensor& features) const {
  torch::NoGradGuard no_gradients;
  torch::Tensor away = features.unsqueeze(1) - means_.unsqueeze(0);  // [n, classes, d]
  return std::get<0>(away.matmul(white_).square().sum(2).sqrt().min(1));
}

std::string Unlike::write(GraphBuilder& graph, const std::string& features) const {
  std::string away = graph.node("Sub", {features, graph.constant(to_tensor(means_))});
  std::string white = graph.node("MatMul", {away, graph.constant(to_tensor(white_))});
  std::string squares = graph.node("Mul", {white, white});
  std::string sums =
      graph.node("ReduceSum", {squares, graph.constant(std::vector<std::int64_t>{1})}, {{"keepdims", std::int64_t{0}}});
  std::string distances = graph.node("Sqrt", {sums});
  return graph.node("ReduceMin", {distances}, {{"axes", std::vector<std::int64_t>{0}}, {"keepdims", std::int64_t{1}}});
}

double threshold_of(const torch::Tensor& scores, double share) {
  torch::Tensor wide = scores.to(torch::kDouble).contiguous();
  std::vector<double> values(wide.data_ptr<double>(), wide.data_ptr<double>() + wide.numel());
  return quantile(values, share);
}

}  // namespace gyre
