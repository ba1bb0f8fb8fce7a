#pragma once
// Dense linear algebra on small symmetric matrices (hundreds of rows), for which a library is not worth its start-up.
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace gyre {

// Row-major, square.
struct SquareMatrix {
  explicit SquareMatrix(std::size_t size = 0) : size(size), values(size * size) {}
  double& at(std::size_t row, std::size_t column) { return values[row * size + column]; }
  double at(std::size_t row, std::size_t column) const { return values[row * size + column]; }
  std::span<const double> row(std::size_t index) const { return {values.data() + index * size, size}; }
  std::size_t size;
  std::vector<double> values;
};

// Eigenvalues, largest first, with their vectors: vector k's element i is vectors.at(i, k).
struct Eigen {
  std::vector<double> values;
  SquareMatrix vectors;
};
Eigen eigen_of_symmetric(SquareMatrix matrix);

// The lower factor L of L L' (above the diagonal: zero); nothing when the matrix is not positive definite.
std::optional<SquareMatrix> cholesky(SquareMatrix matrix);
SquareMatrix inverse_of_lower(const SquareMatrix& lower);                                  // of L
SquareMatrix inverse_of_cholesky(const SquareMatrix& lower);                               // of L L'
void solve_lower(const SquareMatrix& lower, std::span<double>);                            // b becomes x of L x = b
void solve_upper(const SquareMatrix& lower, std::span<double>);                            // b becomes x of L' x = b
std::vector<double> solve_cholesky(const SquareMatrix& lower, std::vector<double> right);  // x of L L' x = right

}  // namespace gyre
