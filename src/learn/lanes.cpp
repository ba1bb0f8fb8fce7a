#include "learn/lanes.hpp"

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

GYRE_WIDE void add_times(double* __restrict to, double factor, const double* __restrict from, std::size_t count) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t lane = 0; lane < lanes; lane++) to[i + lane] += factor * from[i + lane];
  for (; i < count; i++) to[i] += factor * from[i];
}

}  // namespace gyre
