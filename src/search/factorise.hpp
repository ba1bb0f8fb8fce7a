#pragma once
// Dense linear algebra on small symmetric matrices (hundreds of rows), for which a library is not worth its start-up.
#include <optional>
#include <vector>

#include "search/conditioned.hpp"

namespace gyre {

// Eigenvalues, largest first, with their vectors: vector k's element i is vectors.at(i, k).
struct Eigen {
  std::vector<double> values;
  SquareMatrix vectors;
};
Eigen eigen_of_symmetric(SquareMatrix matrix);

// The lower factor L of L L' (above the diagonal: zero); nothing when the matrix is not positive definite.
std::optional<SquareMatrix> cholesky(SquareMatrix matrix);
SquareMatrix inverse_of_cholesky(const SquareMatrix& lower);                               // of L L'
std::vector<double> solve_cholesky(const SquareMatrix& lower, std::vector<double> right);  // x of L L' x = right

}  // namespace gyre
