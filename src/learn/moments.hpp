#pragma once
// Sums of products of features and targets over all rows: all that least squares needs to know of them. One pass makes
// them, however many steps the solver takes.
#include "learn/example_stream.hpp"

namespace gyre {

class Moments {
 public:
  static constexpr std::size_t most_features = 512;  // with more, sums over pairs of them cost more than they save
  Moments(ExampleStream& examples, const std::vector<double>& targets, int threads);
  // Half the sum of squared rests of the weights and the bias in `x`, and its gradient.
  double operator()(const std::vector<double>& x, std::vector<double>& gradient) const;

 private:
  std::size_t size_;          // features, 1 and the target, filled up for the processor's sake
  std::size_t width_;         // features
  std::vector<double> sums_;  // [size][size], the upper half
};

}  // namespace gyre
