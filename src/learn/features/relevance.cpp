#include "learn/features/relevance.hpp"

#include <cmath>
#include <vector>

namespace gyre {

static double correlation_size(std::span<const float> values, std::span<const double> target) {
  double count = 0, mean = 0, target_mean = 0;
  for (std::size_t i = 0; i < values.size(); i++)
    if (!std::isnan(values[i])) count++, mean += values[i], target_mean += target[i];
  mean /= count, target_mean /= count;
  double squares = 0, target_squares = 0, together = 0;
  for (std::size_t i = 0; i < values.size(); i++) {
    if (std::isnan(values[i])) continue;
    double off = values[i] - mean, target_off = target[i] - target_mean;
    squares += off * off, target_squares += target_off * target_off, together += off * target_off;
  }
  return std::abs(together) / std::sqrt(squares * target_squares);
}

// Of what differs between rows, what differs between labels.
static double correlation_ratio(std::span<const float> values, const Target& target) {
  std::vector<double> counts(target.classes()), sums(target.classes());
  double count = 0, sum = 0;
  for (std::size_t i = 0; i < values.size(); i++) {
    if (std::isnan(values[i])) continue;
    auto label = static_cast<std::size_t>(target.values[i]);
    counts[label]++, sums[label] += values[i];
    count++, sum += values[i];
  }
  double mean = sum / count, squares = 0, between = 0;
  for (float value : values)
    if (!std::isnan(value)) squares += (value - mean) * (value - mean);
  for (std::size_t c = 0; c < counts.size(); c++)
    if (counts[c] > 0) between += counts[c] * (sums[c] / counts[c] - mean) * (sums[c] / counts[c] - mean);
  return std::sqrt(between / squares);
}

double relevance_of(std::span<const float> values, const Target& target) {
  double found =
      target.task == Task::classify ? correlation_ratio(values, target) : correlation_size(values, target.values);
  return std::isfinite(found) ? std::min(found, 1.0) : 1;
}

}  // namespace gyre
