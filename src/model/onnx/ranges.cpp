#include "model/onnx/ranges.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

void Range::see_ends(std::span<const float> values) {
  for (float value : values) {
    if (!std::isfinite(value)) continue;
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
  }
}

void Range::see(std::span<const float> values) {
  counts_.resize(bins);
  float width = (high_ - low_) / bins;
  if (!(width > 0)) return;
  for (float value : values) {
    // An exact zero is what a Relu leaves behind; counted, it would hide the share of outliers among the rest.
    if (!std::isfinite(value) || value == 0) continue;
    auto bin = static_cast<std::size_t>(std::max(0.0f, (value - low_) / width));
    counts_[std::min(bin, bins - 1)]++;
  }
}

Scale Range::scale(double percentile) const {
  double low = low_, high = high_, width = (high - low) / bins;
  std::uint64_t total = 0;
  for (auto count : counts_) total += count;
  // Each end is moved in as long as what is cut off on both sides stays within the share that may go.
  auto spare = static_cast<std::uint64_t>(static_cast<double>(total) * (100 - percentile) / 200);
  if (total > 0 && spare > 0) {
    std::uint64_t cut = 0;
    std::size_t first = 0, last = bins;
    while (first < last && (cut += counts_[first]) <= spare) first++;
    for (cut = 0; last > first + 1 && (cut += counts_[last - 1]) <= spare;) last--;
    low = std::min(0.0, low_ + width * static_cast<double>(first));
    high = std::max(0.0, low_ + width * static_cast<double>(last));
  }
  Scale scale;
  if (!(high > low)) return scale;
  scale.step = static_cast<float>((high - low) / 255);
  scale.zero = static_cast<std::uint8_t>(std::clamp(std::nearbyint(-low / scale.step), 0.0, 255.0));
  return scale;
}

}  // namespace gyre
