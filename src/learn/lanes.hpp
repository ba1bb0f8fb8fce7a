#pragma once
// Sums over long rows of numbers, several at a time as processors can. Their order does not depend on the processor:
// the same numbers come out everywhere.
#include <cstddef>

namespace gyre {

double product(const double* a, const double* b, std::size_t count);               // sum of a[i] b[i]
void add_times(double* to, double factor, const double* from, std::size_t count);  // to[i] += factor from[i]

}  // namespace gyre
