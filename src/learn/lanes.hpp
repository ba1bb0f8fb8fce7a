#pragma once
// Sums over long rows of numbers, several at a time as processors can. Their order does not depend on the processor:
// the same numbers come out everywhere.
#include <cstddef>

namespace gyre {

double product(const double* a, const double* b, std::size_t count);  // sum of a[i] b[i]
// c[rows][columns] += a[rows][inner] b[inner][columns].
void add_product(const float* a, const float* b, float* c, std::size_t rows, std::size_t inner, std::size_t columns);
void add_times(double* to, double factor, const double* from, std::size_t count);  // to[i] += factor from[i]

// One step of Adam: `first` and `second` are the running means of slopes and of their squares, `size` what the second
// ones' roots are multiplied by, `still` the share of each weight that is taken from it.
struct AdamStep {
  float rate = 0, size = 1, still = 0;
};
void adam_step(float* weights, const float* slopes, float* first, float* second, std::size_t count, AdamStep step);

}  // namespace gyre
