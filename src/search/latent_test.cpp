#include "search/latent.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"
#include "learn/square_matrix.hpp"
#include "search/latent_fit.hpp"
#include "search/proposal.hpp"

using namespace gyre;

static SquareMatrix covariance_of_places(Random& random, std::size_t size) {
  LatentKernel kernel{.dimensions = 2, .places = std::vector<double>(size * 2)};
  for (auto& place : kernel.places) place = random.normal();
  return kernel.covariance(size);
}

TEST_CASE("conditioned: one observation after the other gives what the whole system of equations gives") {
  Random random(3);
  SquareMatrix covariance = covariance_of_places(random, 9);
  ConditionedGaussian process(std::vector<double>(9, 0.5), covariance, 0.01);
  std::vector<std::size_t> seen{4, 0, 7};
  std::vector<double> values{0.9, 0.1, 0.6};
  for (std::size_t i = 0; i < seen.size(); i++) process.observe(seen[i], values[i]);
  SquareMatrix system(3);
  std::vector<double> right;
  for (std::size_t i = 0; i < 3; i++) {
    right.push_back(values[i] - 0.5);
    for (std::size_t j = 0; j < 3; j++) system.at(i, j) = covariance.at(seen[i], seen[j]) + (i == j ? 0.01 : 0);
  }
  SquareMatrix lower = *cholesky(system);
  auto weights = solve_cholesky(lower, right);
  for (std::size_t p = 0; p < 9; p++) {
    double mean = 0.5;
    std::vector<double> cross;
    for (std::size_t i = 0; i < 3; i++) {
      mean += covariance.at(p, seen[i]) * weights[i];
      cross.push_back(covariance.at(p, seen[i]));
    }
    auto solved = solve_cholesky(lower, cross);
    double variance = covariance.at(p, p);
    for (std::size_t i = 0; i < 3; i++) variance -= cross[i] * solved[i];
    CHECK(process.mean()[p] == doctest::Approx(mean).epsilon(1e-9));
    CHECK(process.variance()[p] == doctest::Approx(variance).epsilon(1e-9));
  }
}

TEST_CASE("factorise: eigenvectors and inverse") {
  Random random(5);
  SquareMatrix matrix = covariance_of_places(random, 12);
  for (std::size_t i = 0; i < 12; i++) matrix.at(i, i) += 0.1;
  Eigen eigen = eigen_of_symmetric(matrix);
  SquareMatrix inverse = inverse_of_cholesky(*cholesky(matrix));
  for (std::size_t i = 0; i < 12; i++)
    for (std::size_t j = 0; j < 12; j++) {
      double back = 0, identity = 0;
      for (std::size_t k = 0; k < 12; k++) {
        back += eigen.vectors.at(i, k) * eigen.values[k] * eigen.vectors.at(j, k);
        identity += matrix.at(i, k) * inverse.at(k, j);
      }
      CHECK(back == doctest::Approx(matrix.at(i, j)).epsilon(1e-9));
      CHECK(std::abs(identity - (i == j)) < 1e-9);
    }
  SquareMatrix indefinite(2);
  indefinite.at(0, 1) = indefinite.at(1, 0) = 1;
  CHECK_FALSE(cholesky(indefinite));
}

// Two families of tables: on one the even pipelines are good, on the other the odd ones.
static ScoreMatrix two_families(std::size_t tables) {
  Random random(11);
  ScoreMatrix matrix{.pipelines = 16, .tables = tables};
  for (std::size_t t = 0; t < tables; t++) {
    for (std::size_t p = 0; p < 16; p++) {
      matrix.scores.push_back(((p + t) % 2 ? 0.9 : 0.6) + 0.004 * static_cast<double>(p) + 0.005 * random.normal());
      matrix.seconds.push_back(p < 8 ? 0.1 : 10);
    }
    matrix.log_rows.push_back(7);
    matrix.log_columns.push_back(3);
  }
  return matrix;
}

TEST_CASE("proposals: what is seen on a table tells which family it is of") {
  LatentPipelines former(two_families(40), {.dimensions = 4, .steps = 30});
  for (std::size_t family : {0, 1}) {
    Proposals proposals(former, 7, 3, {.warm_start = 2, .neighbours = 10});
    for (int i = 0; i < 4; i++) {
      auto p = *proposals.next();
      if (i >= 2) CHECK((p + family) % 2 == 1);
      proposals.observe(p, (p + family) % 2 ? 0.9 : 0.6, 0.1);
    }
  }
}

TEST_CASE("proposals: per second, quick pipelines come first, slow ones only where there is time") {
  LatentPipelines former(two_families(40), {.dimensions = 4});
  Proposals proposals(former, 7, 3, {});
  auto first = proposals.next_per_second(1e9);
  REQUIRE(first);
  CHECK(*first < 8);
  CHECK(proposals.predicted_seconds(15) == doctest::Approx(10).epsilon(0.1));
  for (std::size_t p = 0; p < 8; p++) proposals.exclude(p);
  CHECK_FALSE(proposals.next_per_second(1));
  CHECK(*proposals.next_per_second(60) >= 8);
}

TEST_CASE("latent: the likelihood rises under Adam, holes are no scores") {
  ScoreMatrix matrix = two_families(30);
  matrix.scores[5] = NAN;
  LatentPipelines former(matrix, {.dimensions = 3});
  for (double value : former.mean()) CHECK(std::isfinite(value));
  SquareMatrix scatter(16);
  for (std::size_t t = 0; t < 30; t++)
    for (std::size_t i = 0; i < 16; i++)
      for (std::size_t j = 0; j < 16; j++)
        scatter.at(i, j) += former.deviations()[t * 16 + i] * former.deviations()[t * 16 + j] / 30;
  LatentKernel kernel = principal_kernel(scatter, 3);
  FitLosses losses = fit_kernel(kernel, scatter, 50, 0.02);
  CHECK(losses.last < losses.first);
}
