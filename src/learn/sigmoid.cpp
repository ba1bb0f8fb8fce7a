#include "learn/sigmoid.hpp"

#include <cmath>

#include "learn/minimise.hpp"

namespace gyre {

Sigmoid fit_sigmoid(std::span<const double> decisions, const std::vector<bool>& truth,
                    std::span<const double> weights) {
  double yes = 0, no = 0;
  for (std::size_t i = 0; i < truth.size(); i++) (truth[i] ? yes : no) += weights.empty() ? 1 : weights[i];
  // Platt's targets: not quite 1 and 0, so that few rows cannot make it sure.
  double high = (yes + 1) / (yes + 2), low = 1 / (no + 2), all = yes + no;
  std::vector<double> x{1, 0};
  auto loss = [&](const std::vector<double>& at, std::vector<double>& gradient) {
    double sum = 0;
    gradient = {0, 0};
    for (std::size_t i = 0; i < truth.size(); i++) {
      double weight = (weights.empty() ? 1 : weights[i]) / all, target = truth[i] ? high : low;
      double z = at[0] * decisions[i] + at[1];
      sum += weight * (std::max(z, 0.0) - z * target + std::log1p(std::exp(-std::abs(z))));
      double slope = weight * (1 / (1 + std::exp(-z)) - target);
      gradient[0] += slope * decisions[i], gradient[1] += slope;
    }
    return sum;
  };
  minimise(loss, x, {.iterations = 100, .tolerance = 1e-8});
  return {x[0], x[1]};
}

}  // namespace gyre
