#include "learn/history.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"

using namespace gyre;

namespace {

constexpr double hole = std::numeric_limits<double>::quiet_NaN();

Column numbers(std::string name, std::vector<double> values) {
  return {std::move(name), ColumnType::number, std::move(values), {}, {}};
}

double value(const Table& table, const std::string& column, std::size_t row) { return table.get(column).numbers[row]; }

}  // namespace

TEST_CASE("history: what a row is told of those before it, whatever their order in the file") {
  Table table{"t.csv", {}, {1, 2, 3, 4, 5, 6}, {}};
  table.columns = {numbers("unit", {7, 8, 7, 7, 8, 7}), numbers("cycle", {3, 1, 1, 2, 2, 4}),
                   numbers("heat", {5, 10, 1, hole, 20, 9}), numbers("life", {1, 1, 3, 2, 0, 0})};
  RowHistory history(table, "life", {.group = "unit", .time = "cycle", .window = 3});
  auto& made = history.features();
  REQUIRE(made.rows() == 6);
  CHECK(history.columns() == std::vector<std::string>{"cycle", "heat"});
  // Unit 7 is 1, a hole, 5, 9 by cycle; row 5 is its last: a hole, 5, 9.
  CHECK(value(made, "heat", 5) == 9);
  CHECK(value(made, "heat mean 3", 5) == 7);
  CHECK(value(made, "heat spread 3", 5) == 2);
  CHECK(value(made, "heat slope 3", 5) == 4);
  CHECK(value(made, "heat slope 3", 0) == 2);  // 1, a hole, 5: four in two steps
  CHECK(value(made, "heat mean 3", 4) == 15);  // of unit 8 only
  CHECK(value(made, "heat slope 3", 1) == 0);  // one value has no slope
  CHECK(value(made, "life", 5) == 0);
  auto window = history.window_before(6);
  CHECK(std::isnan(window.as<float>()[1]));
  CHECK(window.as<float>()[5] == 9);
  CHECK(std::isnan(history.window_before(2).as<float>()[0]));  // no row before the first
  Table dated = table;
  dated.columns[1] = {"cycle", ColumnType::category, {}, {0, 1, 2, 3, 4, 5}, {"a", "b", "c", "d", "e", "f"}};
  CHECK_THROWS_AS(RowHistory(dated, "life", {.group = "unit", .time = "cycle", .window = 3}), Error);
}

TEST_CASE("history: the graph makes the same of the last rows, holes and short groups included") {
  Random random(5);
  Table table{"t.csv", {}, {}, {}};
  Column unit = numbers("unit", {}), heat = numbers("heat", {}), flow = numbers("flow", {}), life = numbers("life", {});
  for (std::uint32_t i = 0; i < 400; i++) {
    table.row_numbers.push_back(i + 1);
    unit.numbers.push_back(i / 20);
    double age = i % 20;
    heat.numbers.push_back(random.chance(0.1) ? hole : 2000 + age + random.normal());
    flow.numbers.push_back(random.chance(0.5) ? hole : random.normal());
    life.numbers.push_back(20 - age);
  }
  table.columns = {unit, heat, flow, life};
  RowHistory history(table, "life", {.group = "unit", .time = "", .window = 12});
  auto [features, target] = learnable(history.features(), "life", "regress");
  for (const char* name : {"linear", "lightgbm"}) {
    CAPTURE(name);
    auto& learner = get_learner(name);
    TableTraining training{&learner, complete(learner.fields, {}, learner.name), {}};
    auto model = train_pipeline(training, features, target, {}, nullptr, nullptr);
    auto exported =
        export_history_model(model, target, history, features.take(std::vector<std::size_t>{0, 1, 2, 19, 20, 250, 399}),
                             {}, "test", 1);  // throws where they differ
    CHECK(exported.difference <= most_table_difference);
    CHECK(exported.columns == std::vector<std::string>{"heat", "flow"});
  }
}
