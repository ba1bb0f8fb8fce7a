#include "learn/calibration.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"
#include "learn/scores.hpp"
#include "learn/table_model.hpp"

using namespace gyre;

namespace {

// Two columns that say nearly the same: naive Bayes takes them for two witnesses and is too sure.
Table twins(std::size_t rows, Target& target) {
  Random random(11);
  Table table{"made.csv", {}, {}, {}};
  Column a{"a", ColumnType::number, {}, {}, {}}, b{"b", ColumnType::number, {}, {}, {}};
  Column c{"c", ColumnType::number, {}, {}, {}}, kind{"kind", ColumnType::category, {}, {}, {"x", "y", "z"}};
  for (std::size_t i = 0; i < rows; i++) {
    auto label = random.below(target.classes());
    double value = static_cast<double>(label) + random.normal(0, 1.5);
    a.numbers.push_back(value), b.numbers.push_back(value + random.normal(0, 0.05));
    c.numbers.push_back(value - random.normal(0, 0.05));
    kind.codes.push_back(random.chance(0.1) ? -1 : static_cast<std::int32_t>(random.below(3)));
    target.values.push_back(static_cast<double>(label));
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
  }
  table.columns = {a, b, c, kind};
  return table;
}

Target labels(std::size_t classes) {
  Target target{"y", Task::classify, {}, {}};
  for (std::size_t c = 0; c < classes; c++) target.labels.push_back("label " + std::to_string(c));
  return target;
}

TableTraining training_of(const std::string& name) {
  auto& learner = get_learner(name);
  return {&learner, complete(learner.fields, {}, name), {}};
}

}  // namespace

TEST_CASE("a curve is straight between its knots and level beyond them") {
  Curve curve{{-1, 1, 2}, {0.1, 0.5, 0.9}};
  CHECK(curve.at(-5) == 0.1);
  CHECK(curve.at(0) == doctest::Approx(0.3));
  CHECK(curve.at(1.5) == doctest::Approx(0.7));
  CHECK(curve.at(9) == 0.9);
}

TEST_CASE("an isotonic curve rises through what came true") {
  Random random(2);
  std::vector<double> probabilities, truth;
  for (int i = 0; i < 20'000; i++) {
    double p = random.uniform(0.01, 0.99);
    probabilities.insert(probabilities.end(), {1 - p, p});
    truth.push_back(random.chance(p * p) ? 1 : 0);  // what it says is too much
  }
  auto curves = fit_curves("isotonic", probabilities, truth, {}, 2);
  REQUIRE(curves.size() == 1);
  for (double p : {0.1, 0.3, 0.5, 0.7, 0.9}) CHECK(std::abs(curves[0].at(calibration_odds(p)) - p * p) < 0.03);
  for (std::size_t k = 1; k < curves[0].odds.size(); k++)
    CHECK(curves[0].probabilities[k] >= curves[0].probabilities[k - 1]);
}

TEST_CASE("calibration mends probabilities that are too sure, and is in the model's file") {
  for (std::size_t classes : {2u, 3u}) {
    Target target = labels(classes);
    Table table = twins(2000, target);
    auto loss = [&](const std::string& how) {
      TableTraining training = training_of("naive-bayes");
      training.calibrate = how;
      auto model = train_pipeline(training, table, target, {}, nullptr, nullptr);
      CHECK(export_table_model(model, target, table, {}, "test", 1).difference <= most_table_difference);
      return log_loss({target.values, model.predict(table, 1), classes});
    };
    double before = loss("none");
    CHECK(loss("sigmoid") < before - 0.02);
    CHECK(loss("isotonic") < before - 0.02);
  }
}

TEST_CASE("models of two labels tell several apart, and are one file") {
  Target target = labels(4);
  Table table = twins(800, target);
  for (std::string name : {"linear", "lightgbm", "naive-bayes"})
    for (std::string how : {"one-vs-rest", "one-vs-one"}) {
      CAPTURE(name + " " + how);
      TableTraining training = training_of(name);
      training.several = how;
      auto model = train_pipeline(training, table, target, {}, nullptr, nullptr);
      CHECK(model.fitted().about().at("models") == (how == "one-vs-one" ? 6 : 4));
      CHECK(auc({target.values, model.predict(table, 1), 4}) > 0.7);
      CHECK(export_table_model(model, target, table, {}, "test", 1).difference <= most_table_difference);
    }
}
