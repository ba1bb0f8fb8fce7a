#include "search/conditioned.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

ConditionedGaussian::ConditionedGaussian(std::vector<double> mean, const SquareMatrix& covariance, double noise)
    : covariance_(covariance), noise_(noise), mean_(std::move(mean)), variance_(covariance.size) {
  for (std::size_t i = 0; i < covariance.size; i++) variance_[i] = covariance.at(i, i);
}

std::vector<double> ConditionedGaussian::observe(std::size_t index, double value) {
  std::span<const double> prior = covariance_.row(index);
  std::vector<double> row(prior.begin(), prior.end());
  for (auto& former : factor_)
    for (std::size_t i = 0; i < row.size(); i++) row[i] -= former[index] * former[i];
  double deviation = std::sqrt(std::max(variance_[index], 0.0) + noise_), surprise = value - mean_[index];
  std::vector<double> gain(row.size());
  for (std::size_t i = 0; i < row.size(); i++) {
    row[i] /= deviation;
    gain[i] = row[i] / deviation;
    mean_[i] += gain[i] * surprise;
    variance_[i] = std::max(variance_[i] - row[i] * row[i], 0.0);
  }
  factor_.push_back(std::move(row));
  return gain;
}

}  // namespace gyre
