#include "track/downsample.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

std::vector<Point> downsample(const std::vector<Point>& points, std::size_t most) {
  if (points.size() <= most) return points;
  if (most == 0) return {};
  if (most == 1) return {points.back()};
  std::vector<Point> kept{points.front()};
  std::size_t inner = points.size() - 2, room = most - 2;
  // Two points of an interval; a lone place left over takes its interval's first point.
  std::size_t intervals = (room + 1) / 2;
  for (std::size_t i = 0; i < intervals; i++) {
    auto begin = points.begin() + 1 + static_cast<std::ptrdiff_t>(inner * i / intervals);
    auto end = points.begin() + 1 + static_cast<std::ptrdiff_t>(inner * (i + 1) / intervals);
    if (begin == end) continue;
    // A NaN is neither high nor low: an interval of nothing else shows one.
    auto low = end, high = end;
    for (auto it = begin; it != end; ++it) {
      if (std::isnan(it->value)) continue;
      if (low == end || it->value < low->value) low = it;
      if (high == end || it->value > high->value) high = it;
    }
    if (low == end || 2 * i + 1 == room) {
      kept.push_back(*begin);
      continue;
    }
    kept.push_back(*std::min(low, high));
    if (low != high) kept.push_back(*std::max(low, high));
  }
  kept.push_back(points.back());
  return kept;
}

}  // namespace gyre
