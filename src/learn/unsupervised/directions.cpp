#include "learn/unsupervised/directions.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.hpp"
#include "learn/parallel.hpp"

namespace gyre {

namespace {

void rotate(std::vector<double>& a, std::vector<double>& vectors, std::size_t n, std::size_t p, std::size_t q) {
  double apq = a[p * n + q];
  if (apq == 0) return;
  double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  double c = 1 / std::sqrt(t * t + 1), s = t * c;
  for (std::size_t k = 0; k < n; k++) {
    double x = a[k * n + p], y = a[k * n + q];
    a[k * n + p] = c * x - s * y, a[k * n + q] = s * x + c * y;
  }
  for (auto* rows : {&a, &vectors})
    for (std::size_t k = 0; k < n; k++) {
      double x = (*rows)[p * n + k], y = (*rows)[q * n + k];
      (*rows)[p * n + k] = c * x - s * y, (*rows)[q * n + k] = s * x + c * y;
    }
}

// Rows of length 1, each at right angles to those before it.
void orthonormalise(std::vector<double>& rows, std::size_t count, std::size_t width) {
  for (std::size_t i = 0; i < count; i++) {
    double* row = &rows[i * width];
    for (int twice = 0; twice < 2; twice++)  // once leaves what rounding did
      for (std::size_t j = 0; j < i; j++) {
        const double* other = &rows[j * width];
        double product = std::inner_product(row, row + width, other, 0.0);
        for (std::size_t k = 0; k < width; k++) row[k] -= product * other[k];
      }
    double length = std::sqrt(std::inner_product(row, row + width, row, 0.0));
    for (std::size_t k = 0; k < width; k++) row[k] = length > 1e-150 ? row[k] / length : 0;
  }
}

std::vector<double> times(const std::vector<double>& rows, const std::vector<double>& symmetric, std::size_t width) {
  std::vector<double> result(rows.size());
  for (std::size_t i = 0; i < rows.size() / width; i++)
    for (std::size_t k = 0; k < width; k++) {
      double value = rows[i * width + k];
      for (std::size_t j = 0; value != 0 && j < width; j++) result[i * width + j] += value * symmetric[k * width + j];
    }
  return result;
}

}  // namespace

std::vector<double> mean_row(const Matrix& rows) {
  std::vector<double> mean(rows.columns);
  for (std::size_t i = 0; i < rows.rows; i++)
    for (std::size_t f = 0; f < rows.columns; f++) mean[f] += rows.at(i, f);
  for (double& value : mean) value /= static_cast<double>(rows.rows);
  return mean;
}

std::vector<double> covariance_of(const Matrix& features, const std::vector<double>& mean, int threads) {
  std::size_t width = features.columns;
  std::vector<double> covariance(width * width);
  // Each thread makes rows of its own of the result: the same sums however many there are.
  for_each(width, threads, [&](std::size_t f) {
    double* to = &covariance[f * width];
    for (std::size_t i = 0; i < features.rows; i++) {
      auto row = features.row(i);
      double value = double{row[f]} - mean[f];
      for (std::size_t g = f; value != 0 && g < width; g++) to[g] += value * (double{row[g]} - mean[g]);
    }
  });
  for (std::size_t f = 0; f < width; f++)
    for (std::size_t g = f; g < width; g++)
      covariance[g * width + f] = covariance[f * width + g] /= static_cast<double>(features.rows);
  return covariance;
}

Directions all_directions(std::vector<double> a, std::size_t n) {
  std::vector<double> vectors(n * n);
  double size = 0;
  for (double value : a) size += value * value;
  for (std::size_t i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (int sweep = 0; sweep < 60; sweep++) {
    double off = 0;
    for (std::size_t p = 0; p < n; p++)
      for (std::size_t q = p + 1; q < n; q++) off += 2 * a[p * n + q] * a[p * n + q];
    if (off <= 1e-30 * size) break;
    for (std::size_t p = 0; p < n; p++)
      for (std::size_t q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto p, auto q) { return a[p * n + p] > a[q * n + q]; });
  Directions result;
  for (auto i : order) {
    result.sizes.push_back(a[i * n + i]);
    result.vectors.insert(result.vectors.end(), vectors.begin() + static_cast<std::ptrdiff_t>(i * n),
                          vectors.begin() + static_cast<std::ptrdiff_t>((i + 1) * n));
  }
  return result;
}

Directions largest_directions(const std::vector<double>& covariance, std::size_t width, std::size_t count) {
  constexpr std::size_t narrow = 128, spare = 16;
  count = std::min(count, width);
  std::size_t block = width <= narrow ? width : std::min(width, count + spare);
  Directions result;
  if (block == width) {
    result = all_directions(covariance, width);
  } else {
    Random random(1);
    std::vector<double> rows(block * width);
    for (double& value : rows) value = random.normal();
    std::vector<double> former(count, -1.0);
    for (int round = 0; round < 500; round++) {
      orthonormalise(rows, block, width);
      auto moved = times(rows, covariance, width);
      std::vector<double> seen(block * block);  // the covariance as these rows see it
      for (std::size_t i = 0; i < block; i++)
        for (std::size_t j = 0; j <= i; j++)
          seen[i * block + j] = seen[j * block + i] =
              std::inner_product(&rows[i * width], &rows[i * width] + width, &moved[j * width], 0.0);
      auto inner = all_directions(seen, block);
      std::vector<double> turned(block * width);
      result.vectors.assign(block * width, 0.0);
      for (std::size_t i = 0; i < block; i++)
        for (std::size_t j = 0; j < block; j++) {
          double share = inner.vectors[i * block + j];
          for (std::size_t k = 0; k < width; k++) {
            turned[i * width + k] += share * moved[j * width + k];
            result.vectors[i * width + k] += share * rows[j * width + k];
          }
        }
      result.sizes = inner.sizes;
      double change = 0;
      for (std::size_t i = 0; i < count; i++) change = std::max(change, std::abs(result.sizes[i] - former[i]));
      if (change <= 1e-13 * std::abs(result.sizes[0])) break;
      former.assign(result.sizes.begin(), result.sizes.begin() + static_cast<std::ptrdiff_t>(count));
      rows = std::move(turned);
    }
  }
  result.sizes.resize(count);
  result.vectors.resize(count * width);
  return result;
}

}  // namespace gyre
