#pragma once
// Features cut into at most 255 ranges with about as many rows in each: what trees are grown on.
#include <cstdint>
#include <vector>

#include "learn/matrix.hpp"

namespace gyre {

class Bins {
 public:
  explicit Bins(const Matrix& features);
  std::uint8_t at(std::size_t row, std::size_t feature) const { return places_[feature * rows_ + row]; }
  const std::uint8_t* column(std::size_t feature) const { return places_.data() + feature * rows_; }  // by row
  std::size_t count(std::size_t feature) const { return uppers_[feature].size(); }
  // The largest value of a bin; holes are in bin 0 with nothing else, where there are any.
  float upper(std::size_t feature, std::size_t bin) const { return uppers_[feature][bin]; }

 private:
  std::size_t rows_;
  std::vector<std::uint8_t> places_;
  std::vector<std::vector<float>> uppers_;
};

}  // namespace gyre
