#pragma once
// Finds the smallest value of a smooth function plus a penalty on absolute sizes: L-BFGS, orthant-wise where there is
// such a penalty (Andrew and Gao, 2007).
#include <functional>
#include <vector>

namespace gyre {

struct Minimise {
  std::size_t iterations = 500;
  double tolerance = 1e-7;         // of the gradient's largest part, beside the largest at the start
  std::vector<double> absolute{};  // penalty of each variable; none when empty
  std::function<bool()> stop = [] { return false; };
};

// `value(x, gradient)` fills the gradient. `x` is where it begins and where it ends; gives the iterations made.
std::size_t minimise(const std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>& value,
                     std::vector<double>& x, const Minimise& options);

}  // namespace gyre
