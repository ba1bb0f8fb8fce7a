#pragma once
// The smallest value of a function of a few parameters, without its slopes (Nelder and Mead).
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace gyre {

// `x` is where to begin, and where it ended; `steps` how far to look at first. Gives the value there.
template <class Function>
double minimise(std::vector<double>& x, const std::vector<double>& steps, std::size_t evaluations, double tolerance,
                Function&& function) {
  std::size_t n = x.size();
  struct Corner {
    std::vector<double> at;
    double value;
  };
  auto value_at = [&](const std::vector<double>& at) {
    double value = function(at);
    return std::isfinite(value) ? value : 1e300;
  };
  std::vector<Corner> corners{{x, value_at(x)}};
  for (std::size_t i = 0; i < n; i++) {
    auto at = x;
    at[i] += steps[i];
    double value = value_at(at);
    corners.push_back({std::move(at), value});
  }
  auto better = [](const Corner& a, const Corner& b) { return a.value < b.value; };
  std::vector<double> centre(n), trial(n);
  auto towards = [&](double share) {  // from the centre, away from the worst corner
    for (std::size_t i = 0; i < n; i++) trial[i] = centre[i] + share * (centre[i] - corners[n].at[i]);
    evaluations -= std::min<std::size_t>(evaluations, 1);
    return value_at(trial);
  };
  while (evaluations > 0) {
    std::sort(corners.begin(), corners.end(), better);
    if (corners[n].value - corners[0].value <= tolerance * (std::abs(corners[0].value) + tolerance)) break;
    std::fill(centre.begin(), centre.end(), 0.0);
    for (std::size_t c = 0; c < n; c++)
      for (std::size_t i = 0; i < n; i++) centre[i] += corners[c].at[i] / double(n);
    double reflected = towards(1);
    auto kept = trial;
    if (reflected < corners[0].value) {
      double further = towards(2);
      if (further < reflected)
        corners[n] = {trial, further};
      else
        corners[n] = {kept, reflected};
    } else if (reflected < corners[n - 1].value) {
      corners[n] = {kept, reflected};
    } else {
      bool outside = reflected < corners[n].value;
      double contracted = towards(outside ? 0.5 : -0.5);
      if (contracted < std::min(reflected, corners[n].value)) {
        corners[n] = {trial, contracted};
      } else {
        for (std::size_t c = 1; c <= n; c++) {
          for (std::size_t i = 0; i < n; i++) corners[c].at[i] = (corners[c].at[i] + corners[0].at[i]) / 2;
          corners[c].value = value_at(corners[c].at);
        }
        evaluations -= std::min(evaluations, n);
      }
    }
  }
  auto best = std::min_element(corners.begin(), corners.end(), better);
  x = best->at;
  return best->value;
}

}  // namespace gyre
