#pragma once
// Along which directions rows differ most: eigenvectors of a covariance.
#include <cstddef>
#include <vector>

#include "learn/matrix.hpp"

namespace gyre {

std::vector<double> mean_row(const Matrix& rows);
// [columns][columns], the same whatever the number of threads.
std::vector<double> covariance_of(const Matrix& rows, const std::vector<double>& mean, int threads);

struct Directions {
  std::vector<double> sizes;    // variance along each, the largest first
  std::vector<double> vectors;  // [directions][width], of length 1
};

// All of a symmetric matrix, by Jacobi's rotations.
Directions all_directions(std::vector<double> symmetric, std::size_t width);
// The `count` largest of a covariance; of wide ones by iterating on a block of directions.
Directions largest_directions(const std::vector<double>& covariance, std::size_t width, std::size_t count);

}  // namespace gyre
