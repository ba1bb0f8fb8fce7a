#include "learn/boosting/bins.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gyre {

// Where values change: a cut lies between two values, so that values not seen yet fall on the nearer side.
static std::vector<float> uppers_of(std::vector<float> values, bool holes) {
  std::sort(values.begin(), values.end());
  std::vector<float> distinct = values;
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<float> uppers;
  if (holes) uppers.push_back(-std::numeric_limits<float>::infinity());
  std::size_t most = holes ? 254 : 255;
  auto between = [](float a, float b) {
    float middle = a + (b - a) / 2;
    return middle >= b || !std::isfinite(middle) ? a : middle;
  };
  if (distinct.size() <= most) {
    for (std::size_t i = 0; i + 1 < distinct.size(); i++) uppers.push_back(between(distinct[i], distinct[i + 1]));
  } else {
    for (std::size_t i = 1; i < most; i++) {
      std::size_t place = values.size() * i / most;
      auto above = std::upper_bound(distinct.begin(), distinct.end(), values[place]);
      if (above == distinct.end()) break;
      float cut = between(*(above - 1), *above);
      if (uppers.empty() || cut > uppers.back()) uppers.push_back(cut);
    }
  }
  uppers.push_back(std::numeric_limits<float>::infinity());
  return uppers;
}

Bins::Bins(const Matrix& features) : rows_(features.rows), places_(features.rows * features.columns) {
  for (std::size_t f = 0; f < features.columns; f++) {
    std::vector<float> values;
    for (std::size_t i = 0; i < rows_; i++)
      if (float value = features.at(i, f); !std::isnan(value)) values.push_back(value);
    uppers_.push_back(uppers_of(values, values.size() < rows_));
    auto& uppers = uppers_.back();
    for (std::size_t i = 0; i < rows_; i++) {
      float value = features.at(i, f);
      auto place = std::isnan(value) ? uppers.begin() : std::lower_bound(uppers.begin(), uppers.end(), value);
      places_[f * rows_ + i] = static_cast<std::uint8_t>(place - uppers.begin());
    }
  }
}

}  // namespace gyre
