#pragma once
// Rows that a model keeps, and how far others are from them, here and in a graph alike.
#include <string>
#include <vector>

#include "learn/matrix.hpp"
#include "model/graph.hpp"

namespace gyre {

class KnownRows {
 public:
  // `most` of the rows, drawn by chance where there are more.
  static std::vector<std::size_t> draw(std::size_t rows, std::size_t most, std::uint64_t seed);

  KnownRows() = default;
  explicit KnownRows(Matrix rows);
  const Matrix& rows() const { return rows_; }
  std::size_t count() const { return rows_.rows; }
  // Squared distances of one row from each, in double precision; rounding may bring them a little below 0.
  void square_distances(std::span<const float> row, std::span<double> to) const;
  // f64 [rows, count()] from f32 [rows, features].
  std::string export_square_distances(GraphBuilder& graph, const std::string& features) const;

 private:
  Matrix rows_;
  std::vector<double> squares_;
};

}  // namespace gyre
