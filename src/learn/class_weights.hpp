#pragma once
#include <cmath>
#include <string>
#include <vector>

#include "learn/target.hpp"

namespace gyre {

// "balanced": each row counts rows / (labels x rows of its label), times the weight it has.
inline void weigh_classes(const std::string& how, const Target& target, std::vector<double>& weights) {
  if (how != "balanced" || target.task != Task::classify) return;
  if (weights.empty()) weights.assign(target.values.size(), 1);
  std::vector<double> counts(target.classes());
  double rows = 0;
  for (double value : target.values)
    if (!std::isnan(value)) counts[static_cast<std::size_t>(value)]++, rows++;
  for (std::size_t i = 0; i < weights.size(); i++)
    if (!std::isnan(target.values[i]))
      weights[i] *= rows / (static_cast<double>(target.classes()) * counts[static_cast<std::size_t>(target.values[i])]);
}

}  // namespace gyre
