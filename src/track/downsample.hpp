#pragma once
#include <cstddef>
#include <vector>

#include "track/runs.hpp"

namespace gyre {

// At most `most` points of a curve: its first and its last, and of each of equal intervals between them the lowest and
// the highest, so that no spike is lost. One point: the last. A short curve is given whole.
std::vector<Point> downsample(const std::vector<Point>& points, std::size_t most);

}  // namespace gyre
