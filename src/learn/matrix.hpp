#pragma once
// What learners see: rows of numbers, NaN where one is missing.
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace gyre {

struct Feature {
  std::string name;
  // Of a feature whose values are numbers of categories, 0 .. categories - 1, without an order: how many; else 0.
  std::size_t categories = 0;
};

struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<float> values;  // row by row
  std::vector<Feature> features;

  Matrix() = default;
  Matrix(std::size_t rows, std::size_t columns) : rows(rows), columns(columns), values(rows * columns) {}
  std::span<const float> row(std::size_t i) const { return {values.data() + i * columns, columns}; }
  std::span<float> row(std::size_t i) { return {values.data() + i * columns, columns}; }
  float at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }

  Matrix take(std::span<const std::size_t> some) const {
    Matrix taken(some.size(), columns);
    taken.features = features;
    for (std::size_t i = 0; i < some.size(); i++) {
      auto from = row(some[i]);
      std::copy(from.begin(), from.end(), taken.row(i).begin());
    }
    return taken;
  }
};

}  // namespace gyre
