#include "learn/square_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gyre {

// Turns the plane of p and q such that the element between them becomes zero.
static void rotate(SquareMatrix& a, SquareMatrix& vectors, std::size_t p, std::size_t q) {
  double theta = (a.at(q, q) - a.at(p, p)) / (2 * a.at(p, q));
  double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  double c = 1 / std::sqrt(t * t + 1), s = t * c;
  for (std::size_t k = 0; k < a.size; k++) {
    double x = a.at(k, p), y = a.at(k, q);
    a.at(k, p) = c * x - s * y, a.at(k, q) = s * x + c * y;
  }
  for (std::size_t k = 0; k < a.size; k++) {
    double x = a.at(p, k), y = a.at(q, k);
    a.at(p, k) = c * x - s * y, a.at(q, k) = s * x + c * y;
    double u = vectors.at(k, p), v = vectors.at(k, q);
    vectors.at(k, p) = c * u - s * v, vectors.at(k, q) = s * u + c * v;
  }
}

Eigen eigen_of_symmetric(SquareMatrix a) {
  std::size_t n = a.size;
  SquareMatrix vectors(n);
  double trace = 0;
  for (std::size_t i = 0; i < n; i++) vectors.at(i, i) = 1, trace += std::abs(a.at(i, i));
  double negligible = 1e-12 * trace / static_cast<double>(std::max<std::size_t>(n, 1));
  for (int sweep = 0; sweep < 30; sweep++) {
    bool turned = false;
    for (std::size_t p = 0; p + 1 < n; p++)
      for (std::size_t q = p + 1; q < n; q++)
        if (std::abs(a.at(p, q)) > negligible) rotate(a, vectors, p, q), turned = true;
    if (!turned) break;
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto i, auto j) { return a.at(i, i) > a.at(j, j); });
  Eigen result{std::vector<double>(n), SquareMatrix(n)};
  for (std::size_t k = 0; k < n; k++) {
    result.values[k] = a.at(order[k], order[k]);
    for (std::size_t i = 0; i < n; i++) result.vectors.at(i, k) = vectors.at(i, order[k]);
  }
  return result;
}

std::optional<SquareMatrix> cholesky(SquareMatrix a) {
  for (std::size_t i = 0; i < a.size; i++) {
    for (std::size_t j = 0; j <= i; j++) {
      const double *x = &a.values[i * a.size], *y = &a.values[j * a.size];
      double rest = a.at(i, j) - std::inner_product(x, x + j, y, 0.0);
      if (i == j && !(rest > 0)) return {};
      a.at(i, j) = i == j ? std::sqrt(rest) : rest / a.at(j, j);
    }
    for (std::size_t j = i + 1; j < a.size; j++) a.at(i, j) = 0;
  }
  return a;
}

void solve_lower(const SquareMatrix& lower, std::span<double> x) {
  for (std::size_t i = 0; i < lower.size; i++) {
    auto row = lower.row(i).first(i);
    x[i] = (x[i] - std::inner_product(row.begin(), row.end(), x.begin(), 0.0)) / lower.at(i, i);
  }
}

void solve_upper(const SquareMatrix& lower, std::span<double> x) {
  for (std::size_t i = lower.size; i-- > 0;) {
    x[i] /= lower.at(i, i);
    for (std::size_t j = 0; j < i; j++) x[j] -= lower.at(i, j) * x[i];
  }
}

std::vector<double> solve_cholesky(const SquareMatrix& lower, std::vector<double> x) {
  solve_lower(lower, x);
  solve_upper(lower, x);
  return x;
}

// Row i: column i of the inverse of L, zero before i.
static SquareMatrix columns_of_inverse(const SquareMatrix& lower) {
  std::size_t n = lower.size;
  SquareMatrix transposed(n);
  for (std::size_t c = 0; c < n; c++) {
    double* x = &transposed.values[c * n];
    x[c] = 1 / lower.at(c, c);
    for (std::size_t i = c + 1; i < n; i++) {
      const double* l = &lower.values[i * n];
      x[i] = -std::inner_product(l + c, l + i, x + c, 0.0) / l[i];
    }
  }
  return transposed;
}

SquareMatrix inverse_of_lower(const SquareMatrix& lower) {
  SquareMatrix columns = columns_of_inverse(lower), result(lower.size);
  for (std::size_t i = 0; i < lower.size; i++)
    for (std::size_t j = 0; j <= i; j++) result.at(i, j) = columns.at(j, i);
  return result;
}

SquareMatrix inverse_of_cholesky(const SquareMatrix& lower) {
  std::size_t n = lower.size;
  SquareMatrix transposed = columns_of_inverse(lower), result(n);
  for (std::size_t i = 0; i < n; i++)
    for (std::size_t j = 0; j <= i; j++) {
      const double *x = &transposed.values[i * n], *y = &transposed.values[j * n];
      result.at(i, j) = result.at(j, i) = std::inner_product(x + i, x + n, y + i, 0.0);
    }
  return result;
}

}  // namespace gyre
