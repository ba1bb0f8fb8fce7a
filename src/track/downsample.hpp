#pragma once
#include <cstddef>
#include <vector>

#include "track/runs.hpp"

namespace gyre {

// At most `most` points of a curve, evenly spread: of as many buckets of equal size the first point each, but the one
// that sticks out furthest when the line from bucket to bucket would hide a spike; and the curve's last. A short curve
// is given whole.
std::vector<Point> downsample(const std::vector<Point>& points, std::size_t most);

}  // namespace gyre
