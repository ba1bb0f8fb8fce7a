#include "learn/minimise.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace gyre {

namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
  return sum;
}

double largest(const Vector& a) {
  double most = 0;
  for (double value : a) most = std::max(most, std::abs(value));
  return most;
}

double sign(double value) { return value > 0 ? 1 : value < 0 ? -1 : 0; }

// Steps and how the gradient changed with them: what the curvature is guessed from.
class Memory {
 public:
  void add(Vector step, Vector change) {
    if (dot(step, change) <= 1e-12 * dot(change, change)) return;
    if (pairs_.size() == 10) pairs_.pop_front();
    pairs_.push_back({std::move(step), std::move(change)});
  }
  Vector direction(const Vector& gradient) const {
    Vector result = gradient;
    std::vector<double> alphas(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      auto& [step, change] = pairs_[i];
      alphas[i] = dot(step, result) / dot(step, change);
      for (std::size_t j = 0; j < result.size(); j++) result[j] -= alphas[i] * change[j];
    }
    if (!pairs_.empty()) {
      auto& [step, change] = pairs_.back();
      double scale = dot(step, change) / dot(change, change);
      for (double& value : result) value *= scale;
    }
    for (std::size_t i = 0; i < pairs_.size(); i++) {
      auto& [step, change] = pairs_[i];
      double beta = dot(change, result) / dot(step, change);
      for (std::size_t j = 0; j < result.size(); j++) result[j] += (alphas[i] - beta) * step[j];
    }
    for (double& value : result) value = -value;
    return result;
  }
  bool empty() const { return pairs_.empty(); }
  void clear() { pairs_.clear(); }

 private:
  std::deque<std::pair<Vector, Vector>> pairs_;
};

// The gradient with the penalty: where x is 0, the steepest of both sides, or 0 between them.
Vector pseudo_gradient(const Vector& x, const Vector& gradient, const Vector& absolute) {
  if (absolute.empty()) return gradient;
  Vector result(x.size());
  for (std::size_t i = 0; i < x.size(); i++) {
    double a = absolute[i];
    if (x[i] != 0)
      result[i] = gradient[i] + a * sign(x[i]);
    else
      result[i] = gradient[i] + a < 0 ? gradient[i] + a : gradient[i] - a > 0 ? gradient[i] - a : 0;
  }
  return result;
}

double penalty(const Vector& x, const Vector& absolute) {
  double sum = 0;
  for (std::size_t i = 0; i < absolute.size(); i++) sum += absolute[i] * std::abs(x[i]);
  return sum;
}

}  // namespace

std::size_t minimise(const std::function<double(const Vector&, Vector&)>& value, Vector& x, const Minimise& options) {
  Vector gradient(x.size()), next_gradient(x.size());
  double here = value(x, gradient) + penalty(x, options.absolute);
  Vector steepest = pseudo_gradient(x, gradient, options.absolute);
  double enough = options.tolerance * std::max(1e-12, largest(steepest));
  Memory memory;
  std::size_t iteration = 0;
  while (iteration < options.iterations && largest(steepest) > enough && !options.stop()) {
    iteration++;
    Vector direction = memory.direction(steepest);
    if (!options.absolute.empty())
      for (std::size_t i = 0; i < x.size(); i++)
        if (options.absolute[i] > 0 && direction[i] * steepest[i] >= 0) direction[i] = 0;
    double slope = dot(direction, steepest);
    if (!(slope < 0)) {
      if (memory.empty()) break;
      memory.clear();
      continue;
    }
    double length = memory.empty() ? 1 / std::sqrt(dot(direction, direction)) : 1;
    Vector next(x.size());
    bool moved = false;
    for (int tries = 0; tries < 40 && !moved; tries++, length /= 2) {
      for (std::size_t i = 0; i < x.size(); i++) {
        next[i] = x[i] + length * direction[i];
        if (options.absolute.empty() || options.absolute[i] <= 0) continue;
        double side = x[i] != 0 ? sign(x[i]) : -sign(steepest[i]);  // it does not leave its orthant
        if (next[i] * side < 0) next[i] = 0;
      }
      double there = value(next, next_gradient) + penalty(next, options.absolute);
      double promised = 0;
      for (std::size_t i = 0; i < x.size(); i++) promised += steepest[i] * (next[i] - x[i]);
      if (!(there <= here + 1e-4 * promised)) continue;
      moved = true;
      here = there;
    }
    if (!moved) {
      if (memory.empty()) break;
      memory.clear();
      continue;
    }
    Vector step(x.size()), change(x.size());
    for (std::size_t i = 0; i < x.size(); i++) step[i] = next[i] - x[i], change[i] = next_gradient[i] - gradient[i];
    memory.add(std::move(step), std::move(change));
    x = next;
    gradient = next_gradient;
    steepest = pseudo_gradient(x, gradient, options.absolute);
  }
  return iteration;
}

}  // namespace gyre
