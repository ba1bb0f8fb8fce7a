#include "learn/lanes.hpp"

#include <cmath>

#include "base/wide.hpp"

namespace gyre {

namespace {

constexpr std::size_t lanes = 8;

}  // namespace

GYRE_WIDE double product(const double* __restrict a, const double* __restrict b, std::size_t count) {
  double sums[lanes] = {}, sum = 0;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t lane = 0; lane < lanes; lane++) sums[lane] += a[i + lane] * b[i + lane];
  for (; i < count; i++) sum += a[i] * b[i];
  for (double one : sums) sum += one;
  return sum;
}

// A block of c stays in registers while the inner numbers pass.
GYRE_WIDE void add_product(const float* __restrict a, const float* __restrict b, float* __restrict c, std::size_t rows,
                           std::size_t inner, std::size_t columns) {
  using Lanes = float __attribute__((vector_size(4 * lanes), aligned(4)));
  constexpr std::size_t tall = 4, wide = 2 * lanes;
  std::size_t i = 0;
  for (; i + tall <= rows; i += tall) {
    std::size_t j = 0;
    for (; j + wide <= columns; j += wide) {
      Lanes block[tall][2];
      for (std::size_t r = 0; r < tall; r++)
        for (std::size_t h = 0; h < 2; h++)
          block[r][h] = *reinterpret_cast<const Lanes*>(c + (i + r) * columns + j + h * lanes);
      for (std::size_t p = 0; p < inner; p++) {
        auto* from = reinterpret_cast<const Lanes*>(b + p * columns + j);
        Lanes low = from[0], high = from[1];
        for (std::size_t r = 0; r < tall; r++) {
          float factor = a[(i + r) * inner + p];
          block[r][0] += factor * low;
          block[r][1] += factor * high;
        }
      }
      for (std::size_t r = 0; r < tall; r++)
        for (std::size_t h = 0; h < 2; h++)
          *reinterpret_cast<Lanes*>(c + (i + r) * columns + j + h * lanes) = block[r][h];
    }
    for (; j < columns; j++)
      for (std::size_t r = 0; r < tall; r++) {
        float sum = c[(i + r) * columns + j];
        for (std::size_t p = 0; p < inner; p++) sum += a[(i + r) * inner + p] * b[p * columns + j];
        c[(i + r) * columns + j] = sum;
      }
  }
  for (; i < rows; i++)
    for (std::size_t p = 0; p < inner; p++) {
      float factor = a[i * inner + p];
      for (std::size_t j = 0; j < columns; j++) c[i * columns + j] += factor * b[p * columns + j];
    }
}

GYRE_WIDE void add_times(double* __restrict to, double factor, const double* __restrict from, std::size_t count) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t lane = 0; lane < lanes; lane++) to[i + lane] += factor * from[i + lane];
  for (; i < count; i++) to[i] += factor * from[i];
}

GYRE_WIDE void adam_step(float* __restrict weights, const float* __restrict slopes, float* __restrict first,
                         float* __restrict second, std::size_t count, AdamStep step) {
  auto one = [&](std::size_t i) {
    first[i] = 0.9f * first[i] + 0.1f * slopes[i];
    second[i] = 0.999f * second[i] + 0.001f * slopes[i] * slopes[i];
    weights[i] -= step.rate * first[i] / (std::sqrt(second[i]) * step.size + 1e-8f) + step.still * weights[i];
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t lane = 0; lane < lanes; lane++) one(i + lane);
  for (; i < count; i++) one(i);
}

}  // namespace gyre
