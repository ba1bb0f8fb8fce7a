#include "track/downsample.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

// How far a value lies outside of the two.
static double sticks_out(double value, double one, double other) {
  double below = std::min(one, other) - value, above = value - std::max(one, other);
  return std::max({below, above, 0.0});
}

std::vector<Point> downsample(const std::vector<Point>& points, std::size_t most) {
  if (points.size() <= most) return points;
  if (most == 0) return {};
  if (most == 1) return {points.back()};
  std::size_t share = points.size() / most, larger = points.size() % most;  // the first buckets hold one more
  auto start_of = [&](std::size_t bucket) { return bucket * share + std::min(bucket, larger); };
  std::vector<Point> kept{points.front()};
  // The ends have their places: spikes in the first and the last bucket are shown by their neighbours.
  for (std::size_t bucket = 1; bucket + 1 < most; bucket++) {
    std::size_t best = start_of(bucket);
    double furthest = 0;
    auto consider = [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin + 1; i < end; i++) {
        double far = sticks_out(points[i].value, points[begin].value, points[end].value);
        if (far > furthest) {
          best = i;
          furthest = far;
        }
      }
    };
    if (bucket == 1) consider(0, start_of(1));
    consider(start_of(bucket), start_of(bucket + 1));
    if (bucket + 2 == most) consider(start_of(bucket + 1), points.size() - 1);
    kept.push_back(points[best]);
  }
  kept.push_back(points.back());
  return kept;
}

}  // namespace gyre
