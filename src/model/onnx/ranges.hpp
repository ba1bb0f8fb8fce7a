#pragma once
// The range of values that was seen, and the 8-bit scale that follows from it.
#include <cstdint>
#include <span>
#include <vector>

namespace gyre {

struct Scale {
  float step = 1;
  std::uint8_t zero = 0;
};

// Seen twice over the same values: first their ends, then how they lie between them.
class Range {
 public:
  void see_ends(std::span<const float> values);
  void see(std::span<const float> values);
  // A share of `percentile` / 100 of what was seen lies within; 100: everything.
  Scale scale(double percentile) const;

 private:
  static constexpr std::size_t bins = 4096;
  float low_ = 0, high_ = 0;  // zero must be exact: padding is zero
  std::vector<std::uint64_t> counts_;
};

}  // namespace gyre
