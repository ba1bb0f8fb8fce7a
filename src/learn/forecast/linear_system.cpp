#include "learn/forecast/linear_system.hpp"

#include <cmath>

namespace gyre {

bool solve_positive(std::span<double> a, std::span<double> b) {
  std::size_t n = b.size();
  for (std::size_t j = 0; j < n; j++) {
    double* row = &a[j * n];
    double pivot = row[j];
    for (std::size_t k = 0; k < j; k++) pivot -= row[k] * row[k];
    if (!(pivot > 0)) return false;
    row[j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < n; i++) {
      double* below = &a[i * n];
      double sum = below[j];
      for (std::size_t k = 0; k < j; k++) sum -= below[k] * row[k];
      below[j] = sum / row[j];
    }
  }
  for (std::size_t i = 0; i < n; i++) {
    for (std::size_t k = 0; k < i; k++) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; k++) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return true;
}

std::vector<double> least_squares(std::span<const double> x, std::span<const double> y, double penalty) {
  std::size_t rows = y.size(), columns = x.size() / rows;
  std::vector<double> mean(columns), scale(columns), centred(x.begin(), x.end());
  double mean_y = 0;
  for (std::size_t r = 0; r < rows; r++) {
    mean_y += y[r];
    for (std::size_t c = 0; c < columns; c++) mean[c] += x[r * columns + c];
  }
  mean_y /= double(rows);
  for (auto& value : mean) value /= double(rows);
  for (std::size_t r = 0; r < rows; r++)
    for (std::size_t c = 0; c < columns; c++) {
      double& value = centred[r * columns + c];
      value -= mean[c];
      scale[c] += value * value;
    }
  // A column that is the same everywhere but for rounding says nothing.
  for (std::size_t c = 0; c < columns; c++) {
    double deviation = std::sqrt(scale[c] / double(rows));
    scale[c] = deviation > 1e-10 * (std::abs(mean[c]) + 1e-300) ? 1 / deviation : 0;
  }
  std::vector<double> gram(columns * columns), weights(columns);
  for (std::size_t r = 0; r < rows; r++) {
    double* row = &centred[r * columns];
    for (std::size_t c = 0; c < columns; c++) row[c] *= scale[c];
    double target = y[r] - mean_y;
    for (std::size_t c = 0; c < columns; c++) {
      double value = row[c];
      weights[c] += value * target;
      double* to = &gram[c * columns];
      for (std::size_t k = 0; k <= c; k++) to[k] += value * row[k];
    }
  }
  for (std::size_t c = 0; c < columns; c++) gram[c * columns + c] += scale[c] == 0 ? 1 : penalty * double(rows);
  if (!solve_positive(gram, weights)) return {};
  double constant = mean_y;
  for (std::size_t c = 0; c < columns; c++) {
    weights[c] *= scale[c];
    constant -= weights[c] * mean[c];
  }
  weights.push_back(constant);
  return weights;
}

}  // namespace gyre
