#include "learn/moments.hpp"

#include <cmath>

#include "learn/parallel.hpp"

namespace gyre {

namespace {

constexpr std::size_t lanes = 8;  // numbers that are worked on together
constexpr std::size_t rows_together = 4;

// sums[i][j] += the products of columns i and j of some rows, for j from the lanes of i on.
void add_products(const double* __restrict rows, std::size_t size, double* __restrict sums) {
  for (std::size_t i = 0; i < size; i++) {
    double a = rows[i], b = rows[size + i], c = rows[2 * size + i], d = rows[3 * size + i];
    for (std::size_t j = i / lanes * lanes; j < size; j += lanes) {
      double* __restrict to = sums + i * size + j;
      const double* __restrict row = rows + j;
      for (std::size_t k = 0; k < lanes; k++)
        to[k] += a * row[k] + b * row[size + k] + c * row[2 * size + k] + d * row[3 * size + k];
    }
  }
}

}  // namespace

Moments::Moments(ExampleStream& examples, const std::vector<double>& targets, int threads)
    : size_((examples.sample().columns + 2 + lanes - 1) / lanes * lanes), width_(examples.sample().columns) {
  constexpr std::size_t parts = 16;  // that do not depend on the number of threads, so that the sums are the same
  std::vector<std::vector<double>> sums(parts, std::vector<double>(size_ * size_));
  examples.each([&](const Matrix& block, std::size_t first) {
    for_each(parts, threads, [&](std::size_t p) {
      std::size_t from = block.rows * p / parts, to = block.rows * (p + 1) / parts;
      std::vector<double> rows(rows_together * size_);
      for (std::size_t i = from; i < to; i += rows_together) {
        for (std::size_t r = 0; r < rows_together; r++) {
          double* row = rows.data() + r * size_;
          if (i + r >= to) {
            std::fill_n(row, size_, 0);
            continue;
          }
          double root = examples.weights().empty() ? 1 : std::sqrt(examples.weights()[first + i + r]);
          auto features = block.row(i + r);
          for (std::size_t f = 0; f < width_; f++) row[f] = root * double{features[f]};
          row[width_] = root;
          row[width_ + 1] = root * targets[first + i + r];
        }
        add_products(rows.data(), size_, sums[p].data());
      }
    });
  });
  sums_.assign(size_ * size_, 0);
  for (auto& part : sums)
    for (std::size_t i = 0; i < sums_.size(); i++) sums_[i] += part[i];
}

double Moments::operator()(const std::vector<double>& x, std::vector<double>& gradient) const {
  std::vector<double> factors = x, slopes(width_ + 2);  // the rest of a row: features, 1 and -1 times the target
  factors.push_back(-1);
  for (std::size_t i = 0; i < factors.size(); i++)
    for (std::size_t j = i; j < factors.size(); j++) {
      double sum = sums_[i * size_ + j];
      slopes[i] += sum * factors[j];
      if (j > i) slopes[j] += sum * factors[i];
    }
  double squares = 0;
  for (std::size_t i = 0; i < factors.size(); i++) squares += factors[i] * slopes[i];
  std::copy_n(slopes.begin(), gradient.size(), gradient.begin());
  return squares / 2;
}

}  // namespace gyre
