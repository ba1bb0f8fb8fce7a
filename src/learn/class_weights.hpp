#pragma once
#include <string>
#include <vector>

#include "learn/target.hpp"

namespace gyre {

// "balanced": each row counts rows / (labels x rows of its label), times the weight it has.
inline void weigh_classes(const std::string& how, const Target& target, std::vector<double>& weights) {
  if (how != "balanced" || target.task != Task::classify) return;
  if (weights.empty()) weights.assign(target.values.size(), 1);
  std::vector<double> counts(target.classes());
  for (double value : target.values) counts[static_cast<std::size_t>(value)]++;
  for (std::size_t i = 0; i < weights.size(); i++)
    weights[i] *= static_cast<double>(weights.size()) /
                  (static_cast<double>(target.classes()) * counts[static_cast<std::size_t>(target.values[i])]);
}

}  // namespace gyre
