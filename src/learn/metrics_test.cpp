#include "learn/metrics.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.hpp"
#include "base/random.hpp"

using namespace gyre;

TEST_CASE("confusion: figures by hand") {
  Confusion confusion({"a", "b", "never"});
  for (int i = 0; i < 3; i++) confusion.add(0, 0);
  confusion.add(0, 1);
  for (int i = 0; i < 4; i++) confusion.add(1, 1);
  for (int i = 0; i < 2; i++) confusion.add(1, 0);
  CHECK(confusion.total() == 10);
  CHECK(confusion.accuracy() == doctest::Approx(0.7));
  CHECK(confusion.precision(0) == doctest::Approx(3.0 / 5));
  CHECK(confusion.recall(0) == doctest::Approx(3.0 / 4));
  CHECK(confusion.f1(0) == doctest::Approx(2 * 0.6 * 0.75 / 1.35));
  CHECK(confusion.balanced_accuracy() == doctest::Approx((3.0 / 4 + 4.0 / 6) / 2));
  CHECK(confusion.macro_f1() == doctest::Approx((confusion.f1(0) + confusion.f1(1)) / 2));
  CHECK(confusion.recall(2) == 0);
  CHECK(confusion.to_json().at("confusion").as_array()[0].as_array()[1].as_int64() == 1);
  CHECK_THROWS_AS(confusion.add(3, 0), Error);
}

TEST_CASE("ROC AUC equals the count over all pairs, ties half") {
  Random random(3);
  std::vector<double> positive, negative;
  for (int i = 0; i < 60; i++) positive.push_back(std::round(random.normal(1, 1) * 4));
  for (int i = 0; i < 40; i++) negative.push_back(std::round(random.normal(0, 1) * 4));
  double wins = 0;
  for (double p : positive)
    for (double n : negative) wins += p > n ? 1 : p == n ? 0.5 : 0;
  CHECK(roc_auc(positive, negative) == doctest::Approx(wins / 2400));
  CHECK(roc_auc(std::vector<double>{2, 3}, std::vector<double>{0, 1}) == 1);
  CHECK(roc_auc(std::vector<double>{1, 1}, std::vector<double>{1}) == 0.5);
  CHECK_THROWS_AS(roc_auc(positive, {}), Error);
}

TEST_CASE("errors, quantiles and log loss by hand") {
  std::vector<double> truth{1, 2, 3}, answer{2, 2, 5};
  CHECK(rmse(truth, answer) == doctest::Approx(std::sqrt(5.0 / 3)));
  CHECK(mean_absolute_error(truth, answer) == doctest::Approx(1));
  CHECK_THROWS_AS(rmse(truth, {}), Error);
  CHECK(quantile({4, 1, 3, 2}, 0.5) == doctest::Approx(2.5));
  CHECK(quantile({4, 1, 3, 2}, 1) == 4);
  CHECK(quantile({7}, 0.3) == 7);
  std::vector<std::size_t> classes{0, 1};
  CHECK(log_loss(classes, std::vector<double>{0.5, 0.5, 0.75, 0.25}, 2) ==
        doctest::Approx(-(std::log(0.5) + std::log(0.25)) / 2));
  CHECK(std::isfinite(log_loss(classes, std::vector<double>{0, 1, 1, 0}, 2)));
  Binary binary{8, 2, 4, 6};
  CHECK(binary.precision() == doctest::Approx(0.8));
  CHECK(binary.recall() == doctest::Approx(2.0 / 3));
  CHECK(binary.f1() == doctest::Approx(16.0 / 22));
}
