#pragma once
// Small dense systems, for fits by the thousand: no allocation beyond the caller's, no library to load.
#include <span>
#include <vector>

namespace gyre {

// Solves a x = b for a symmetric, positive definite a [n][n], whose lower half is read and overwritten. False when it
// is not positive definite.
bool solve_positive(std::span<double> a, std::span<double> b);

// Least squares with a small penalty on standardised columns: the weights of `x` [rows][columns], and the constant
// last. Columns that do not vary get weight 0.
std::vector<double> least_squares(std::span<const double> x, std::span<const double> y, double penalty);

}  // namespace gyre
