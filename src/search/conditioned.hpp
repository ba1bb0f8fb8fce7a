#pragma once
// A Gaussian over finitely many quantities that is conditioned on one of them at a time: a Gaussian process whose
// points are known beforehand. An observation appends one row to the Cholesky factor; nothing is factored anew.
#include <cstddef>
#include <vector>

#include "learn/square_matrix.hpp"

namespace gyre {

class ConditionedGaussian {
 public:
  // `covariance` is looked at as long as the object lives. `noise` is the variance of what is observed around the
  // quantity.
  ConditionedGaussian(std::vector<double> mean, const SquareMatrix& covariance, double noise);

  // Quantity `index` was seen to be `value`. What comes back is the gain: by how much each quantity moves when `index`
  // turns out one higher than expected.
  std::vector<double> observe(std::size_t index, double value);

  const std::vector<double>& mean() const { return mean_; }
  const std::vector<double>& variance() const { return variance_; }  // of the quantity, without noise

 private:
  const SquareMatrix& covariance_;
  double noise_;
  std::vector<double> mean_, variance_;
  std::vector<std::vector<double>> factor_;  // a row an observation, a column a quantity
};

}  // namespace gyre
