#include "learn/lanes.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "base/random.hpp"

using namespace gyre;

static std::vector<float> some_numbers(std::size_t count, Random& random) {
  std::vector<float> numbers(count);
  for (float& number : numbers) number = static_cast<float>(random.normal());
  return numbers;
}

TEST_CASE("lanes: products of matrices of every size, beside sums in doubles") {
  Random random(1);
  for (std::size_t rows : {1u, 3u, 4u, 9u})
    for (std::size_t inner : {0u, 1u, 7u, 40u})
      for (std::size_t columns : {1u, 15u, 16u, 33u}) {
        auto a = some_numbers(rows * inner, random), b = some_numbers(inner * columns, random);
        auto before = some_numbers(rows * columns, random), c = before;
        add_product(a.data(), b.data(), c.data(), rows, inner, columns);
        for (std::size_t i = 0; i < rows; i++)
          for (std::size_t j = 0; j < columns; j++) {
            double sum = before[i * columns + j];
            for (std::size_t p = 0; p < inner; p++) sum += static_cast<double>(a[i * inner + p]) * b[p * columns + j];
            CHECK(c[i * columns + j] == doctest::Approx(sum).epsilon(1e-4));
          }
      }
}

TEST_CASE("lanes: a step of Adam, beside doubles") {
  Random random(2);
  auto weights = some_numbers(21, random), slopes = some_numbers(21, random), before = weights;
  std::vector<float> first(21, 0.5f), second(21, 2);
  adam_step(weights.data(), slopes.data(), first.data(), second.data(), 21, {0.01f, 3, 0.001f});
  for (std::size_t i = 0; i < 21; i++) {
    double mean = 0.9 * 0.5 + 0.1 * slopes[i], square = 0.999 * 2 + 0.001 * slopes[i] * slopes[i];
    CHECK(first[i] == doctest::Approx(mean));
    CHECK(second[i] == doctest::Approx(square));
    CHECK(weights[i] == doctest::Approx(before[i] - 0.01 * mean / (std::sqrt(square) * 3) - 0.001 * before[i]));
  }
}
