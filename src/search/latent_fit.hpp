#pragma once
// Places of pipelines in latent space, and the kernel over them, by the likelihood of the tables' scores.
#include <vector>

#include "search/conditioned.hpp"

namespace gyre {

struct LatentKernel {
  std::size_t dimensions = 0;
  std::vector<double> places;  // [pipeline * dimensions + dimension], in units of the length scales
  double variance = 1, noise = 1e-4;
  double between(std::size_t i, std::size_t j) const;
  SquareMatrix covariance(std::size_t pipelines) const;  // without noise
};

// `scatter`: the mean over tables of d d', d being a table's deviations from the pipelines' means.
LatentKernel principal_kernel(const SquareMatrix& scatter, std::size_t dimensions);

// Adam on the mean negative log likelihood of a table. Gives back the loss at the start and at the end.
struct FitLosses {
  double first = 0, last = 0;
};
FitLosses fit_kernel(LatentKernel& kernel, const SquareMatrix& scatter, int steps, double learning_rate);

}  // namespace gyre
