#pragma once
// From decisions to probabilities (Platt): a sigmoid of each decision, fitted on rows with their labels.
#include <span>
#include <vector>

namespace gyre {

struct Sigmoid {
  double slope = 1, move = 0;  // p = 1 / (1 + exp(-(slope * decision + move)))
};
// `truth`: whether each row is of the label.
Sigmoid fit_sigmoid(std::span<const double> decisions, const std::vector<bool>& truth, std::span<const double> weights);

}  // namespace gyre
