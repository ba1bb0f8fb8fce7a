// By hand and beside plain slow versions; beside scikit-learn in clients/sklearn.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/random.hpp"
#include "learn/unsupervised/anomaly.hpp"
#include "learn/unsupervised/cluster_scores.hpp"
#include "learn/unsupervised/directions.hpp"
#include "learn/unsupervised/factors.hpp"
#include "learn/unsupervised/k_means.hpp"

using namespace gyre;

static Matrix rows_of(std::size_t columns, const std::vector<float>& values) {
  Matrix matrix(values.size() / columns, columns);
  matrix.values = values;
  return matrix;
}

TEST_CASE("directions by hand, and those of a wide covariance beside all of them") {
  auto two = all_directions({2, 1, 1, 2}, 2);
  CHECK(two.sizes[0] == doctest::Approx(3));
  CHECK(two.sizes[1] == doctest::Approx(1));
  CHECK(std::abs(two.vectors[0]) == doctest::Approx(std::sqrt(0.5)));
  CHECK(two.vectors[0] * two.vectors[2] + two.vectors[1] * two.vectors[3] == doctest::Approx(0));

  constexpr std::size_t width = 160, rank = 200;  // wider than what is turned as a whole
  Random random(3);
  std::vector<double> covariance(width * width);
  for (std::size_t r = 0; r < rank; r++) {
    std::vector<double> row(width);
    for (std::size_t k = 0; k < width; k++) row[k] = random.normal() * std::exp(-0.05 * double(k));
    for (std::size_t i = 0; i < width; i++)
      for (std::size_t j = 0; j < width; j++) covariance[i * width + j] += row[i] * row[j] / rank;
  }
  auto all = all_directions(covariance, width), some = largest_directions(covariance, width, 5);
  REQUIRE(some.sizes.size() == 5);
  for (std::size_t i = 0; i < 5; i++) {
    CHECK(some.sizes[i] == doctest::Approx(all.sizes[i]).epsilon(1e-9));
    double along = 0;
    for (std::size_t k = 0; k < width; k++) along += some.vectors[i * width + k] * all.vectors[i * width + k];
    CHECK(std::abs(along) == doctest::Approx(1).epsilon(1e-4));
  }
}

TEST_CASE("k-means finds clusters that lie apart; scores of clusters by hand") {
  auto features = rows_of(1, {0, 2, 10, 12, 11});
  auto centres = fit_k_means(features, {.clusters = 2});
  REQUIRE(centres.count() == 2);
  CHECK(centres.places[0] == doctest::Approx(11));  // the larger first
  CHECK(centres.places[1] == doctest::Approx(1));
  CHECK(centres.inertia == doctest::Approx(4));
  auto clusters = clusters_of(centres, features, 1);
  CHECK(clusters == Clusters{1, 1, 0, 0, 0});
  // 0: 2 inside, 11 outside; 2: 2 and 9; 10: 1.5 and 9; 12: 1.5 and 11; 11: 1 and 10
  CHECK(silhouette(features, clusters, 2) == doctest::Approx((9 / 11. + 7 / 9. + 7.5 / 9 + 9.5 / 11 + 9 / 10.) / 5));
  CHECK(davies_bouldin(features, clusters) == doctest::Approx((1 + 2 / 3.) / 10));
  CHECK(std::isnan(silhouette(features, Clusters(5, 0), 1)));
  CHECK(adjusted_rand({0, 0, 1, 1}, {1, 1, 0, 0}) == doctest::Approx(1));
  CHECK(adjusted_rand({0, 0, 1, 1}, {0, 1, 0, 1}) == doctest::Approx(-0.5));
  CHECK(normalised_mutual_information({0, 0, 1, 1}, {5, 5, 2, 2}) == doctest::Approx(1));
  CHECK(normalised_mutual_information({0, 0, 1, 1}, {0, 1, 0, 1}) == doctest::Approx(0));
  // As many places as clusters, or fewer.
  CHECK(fit_k_means(rows_of(1, {4, 4, 4, 9}), {.clusters = 3}).count() == 2);
}

TEST_CASE("a row far from all others is the oddest, by each learner") {
  Random random(5);
  std::vector<float> values;
  for (int i = 0; i < 300; i++) {
    auto along = static_cast<float>(random.normal());
    values.insert(values.end(),
                  {along, along + static_cast<float>(0.1 * random.normal()), static_cast<float>(random.normal())});
  }
  values.insert(values.end(), {5, -5, 0});
  auto features = rows_of(3, values);
  for (auto& name : anomaly_learner_names) {
    auto& learner = anomaly_learner(name);
    auto fitted = learner.train(learner_options(learner, {}), {}, {&features, {}, {}}, {});
    auto scores = fitted->predict(features, 2);
    CHECK_MESSAGE(std::max_element(scores.begin(), scores.end()) == scores.end() - 1, name);
  }
}

TEST_CASE("which rows are odd, and who cannot tell") {
  Table table{"t.csv", {{"state", ColumnType::category, {}, {0, 0, 1, 0}, {"fine", "odd"}}}, {1, 2, 3, 4}, {}};
  CHECK(odd_rows(table, "state", "").label == "odd");
  CHECK(odd_rows(table, "state", "fine").count() == 3);
  CHECK_THROWS_AS(odd_rows(table, "state", "strange"), Error);
  auto odd = odd_rows(table, "state", "");
  auto scores = anomaly_scores(std::vector<double>{1, 2, 5, 6}, 5, &odd);
  CHECK(scores.at("alarms").as_double() == 0.5);
  CHECK(scores.at("precision").as_double() == 0.5);
  CHECK(scores.at("auc").as_double() == doctest::Approx(2 / 3.));
}

TEST_CASE("gain of ranks by hand; those held equal share their places") {
  double second = 1 / std::log2(3.0);
  CHECK(mean_ndcg({0, 0}, {1, 3}, {0.2, 0.9}, 5) == doctest::Approx(1));
  CHECK(mean_ndcg({0, 0}, {1, 3}, {0.9, 0.2}, 5) == doctest::Approx((1 + 3 * second) / (3 + second)));
  CHECK(mean_ndcg({0, 0}, {1, 3}, {0.5, 0.5}, 5) == doctest::Approx(2 * (1 + second) / (3 + second)));
  CHECK(mean_ndcg({0, 0, 1}, {1, 3, 5}, {0.2, 0.9, 1}, 1) == doctest::Approx(1));  // one rating says nothing
  CHECK(std::isnan(mean_ndcg({0, 1}, {1, 3}, {1, 1}, 5)));
}
