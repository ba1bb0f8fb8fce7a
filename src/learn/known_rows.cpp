#include "learn/known_rows.hpp"

#include <algorithm>
#include <numeric>

#include "base/random.hpp"

namespace gyre {

static double square_of(std::span<const float> row) {
  double sum = 0;
  for (float value : row) sum += double{value} * value;
  return sum;
}

std::vector<std::size_t> KnownRows::draw(std::size_t rows, std::size_t most, std::uint64_t seed) {
  std::vector<std::size_t> drawn(rows);
  std::iota(drawn.begin(), drawn.end(), 0);
  if (rows <= most) return drawn;
  Random random(seed);
  random.shuffle(drawn);
  drawn.resize(most);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

KnownRows::KnownRows(Matrix rows) : rows_(std::move(rows)) {
  for (std::size_t i = 0; i < rows_.rows; i++) squares_.push_back(square_of(rows_.row(i)));
}

void KnownRows::square_distances(std::span<const float> row, std::span<double> to) const {
  double own = square_of(row);
  for (std::size_t i = 0; i < rows_.rows; i++) {
    auto other = rows_.row(i);
    double product = 0;
    for (std::size_t f = 0; f < row.size(); f++) product += double{row[f]} * other[f];
    to[i] = squares_[i] - 2 * product + own;
  }
}

std::string KnownRows::export_square_distances(GraphBuilder& graph, const std::string& features) const {
  auto count = static_cast<std::int64_t>(rows_.rows), width = static_cast<std::int64_t>(rows_.columns);
  Tensor known = Tensor::zeros(DataType::f64, {width, count}), squares = Tensor::zeros(DataType::f64, {1, count});
  for (std::size_t i = 0; i < rows_.rows; i++) {
    for (std::size_t f = 0; f < rows_.columns; f++)
      known.as<double>()[f * rows_.rows + i] = -2 * double{rows_.at(i, f)};
    squares.as<double>()[i] = squares_[i];
  }
  std::string wide = graph.node("Cast", {features}, {{"to", std::int64_t{11}}});
  std::string own = graph.node("ReduceSumSquare", {wide}, {{"axes", std::vector<std::int64_t>{1}}});
  std::string products = graph.node("MatMul", {wide, graph.constant(known)});
  return graph.node("Add", {graph.node("Add", {products, graph.constant(squares)}), own});
}

}  // namespace gyre
