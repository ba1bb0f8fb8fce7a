#include "learn/features/pairs.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"
#include "learn/scores.hpp"
#include "learn/table_model.hpp"

using namespace gyre;

// A product and a ratio decide; holes and a divisor of 0 occur.
static Table made_up(std::vector<double>& sums) {
  Random random(3);
  Table table{"made.csv", {}, {}, {}};
  Column a{"a", ColumnType::number, {}, {}, {}}, b{"b", ColumnType::number, {}, {}, {}};
  for (std::size_t i = 0; i < 500; i++) {
    double x = random.normal(), y = random.chance(0.05) ? 0 : random.normal();
    a.numbers.push_back(random.chance(0.05) ? NAN : x);
    b.numbers.push_back(y);
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
    sums.push_back(x * y);
  }
  table.columns = {a, b};
  return table;
}

TEST_CASE("pairs: what a product decides is found by a linear learner, and the graph gives the same") {
  std::vector<double> sums;
  Table table = made_up(sums);
  Target target{"y", Task::regress, {}, sums};
  double errors[2];
  for (bool pairs : {false, true}) {
    auto& learner = get_learner("linear");
    TableTraining training{&learner, complete(learner.fields, {}, learner.name), {}};
    training.features.pairs = pairs;
    auto model = train_pipeline(training, table, target, {}, nullptr, nullptr);
    CHECK(model.featuriser().features().size() == (pairs ? 5 : 2));
    errors[pairs] = rmse(sums, model.predict(table, 1), {});
    CHECK(export_table_model(model, target, table, {}, "test", 1).difference <= most_table_difference);
  }
  CHECK(errors[1] < errors[0] / 2);
  auto& trees = get_learner("lightgbm");
  TableTraining training{&trees, complete(trees.fields, {}, trees.name), {}};
  training.features.pairs = true;
  auto model = train_pipeline(training, table, target, {}, nullptr, nullptr);
  CHECK(export_table_model(model, target, table, {}, "test", 1).difference <= most_table_difference);
}
