#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/random.hpp"
#include "search/sampler.hpp"
#include "search/stopping.hpp"

using namespace gyre;

static Space space_of(const char* text) { return Space::from_json(parse_json(text, "test"), "search"); }

TEST_CASE("space: distributions as they are written, in bounds, on their grid") {
  Space space = space_of(R"s({"a": {"uniform": [2, 4]}, "b": "loguniform(-3, 0)", "c": {"quniform": [10, 50, 8]},
    "d": "choice(left, 3, true)", "e": {"randint": 5}, "f": {"qnormal": [0, 10, 0.5]}, "g": {"lognormal": [0, 1]}})s");
  Random random(1);
  std::set<std::string> choices;
  for (int i = 0; i < 500; i++) {
    std::vector<double> point;
    for (std::size_t k = 0; k < space.size(); k++) point.push_back(random.uniform());
    json::object values = space.at(point);
    CHECK((get_number(values, "a") >= 2 && get_number(values, "a") < 4));
    CHECK((get_number(values, "b") >= std::exp(-3) && get_number(values, "b") <= 1));
    CHECK(std::remainder(get_number(values, "c"), 8) == 0);
    choices.insert(canonical(values.at("d")));
    CHECK((get_int(values, "e") >= 0 && get_int(values, "e") < 5));
    CHECK(std::remainder(get_number(values, "f"), 0.5) == 0);
    CHECK(get_number(values, "g") > 0);
  }
  CHECK(choices == std::set<std::string>{"\"left\"", "3", "true"});
}

TEST_CASE("space: a normal's quantiles") {
  Space space = space_of(R"({"x": {"normal": [0, 1]}})");
  for (auto [p, z] : {std::pair{0.5, 0.0}, {0.975, 1.959963985}, {0.01, -2.326347874}, {0.001, -3.090232306}})
    CHECK(get_number(space.at(std::vector{p}), "x") == doctest::Approx(z).epsilon(1e-8));
}

TEST_CASE("space: what cannot be read says what is wanted") {
  CHECK_THROWS_WITH_AS(space_of(R"({"x": {"unifrom": [0, 1]}})"), "search: x: there is no distribution \"unifrom\"",
                       Error);
  CHECK_THROWS_AS(space_of(R"({"x": {"uniform": [1, 0]}})"), Error);
  CHECK_THROWS_AS(space_of(R"({"x": {"quniform": [0, 1, 0]}})"), Error);
  CHECK_THROWS_AS(space_of(R"({"x": {"choice": []}})"), Error);
  CHECK_THROWS_AS(space_of(R"({})"), Error);
}

TEST_CASE("sampler: a grid meets every combination once and ends; it refuses what has no end") {
  Space space = space_of(R"s({"a": "choice(1, 2, 3)", "b": {"randint": 4}})s");
  auto sampler = make_sampler("grid", space, 1);
  std::set<std::string> seen;
  std::size_t number = 0;
  while (auto point = sampler->propose(number, {})) seen.insert(canonical(space.at(*point))), number++;
  CHECK(number == 12);
  CHECK(seen.size() == 12);
  Space endless = space_of(R"({"a": {"uniform": [0, 1]}})");
  CHECK_THROWS_AS(make_sampler("grid", endless, 1), Error);
}

TEST_CASE("sampler: sobol fills each interval of a power of two alike, in every dimension") {
  json::object search;
  for (int i = 0; i < 21; i++) search["x" + std::to_string(i)] = {{"uniform", {0, 1}}};
  Space space = Space::from_json(search, "search");
  auto sampler = make_sampler("sobol", space, 7);
  std::vector<std::vector<int>> counts(21, std::vector<int>(16));
  for (std::size_t n = 0; n < 256; n++) {
    auto point = *sampler->propose(n, {});
    for (std::size_t i = 0; i < 21; i++) counts[i][static_cast<std::size_t>(point[i] * 16)]++;
  }
  for (auto& dimension : counts)
    for (int count : dimension) CHECK(count == 16);
}

// The mean distance to the best of a bowl with its bottom at (0.3, 0.7) and a wrong and a right choice.
static double found_by(const std::string& name) {
  Space space = space_of(R"s({"x": {"uniform": [0, 1]}, "y": {"uniform": [0, 1]}, "kind": "choice(a, b, c)"})s");
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 20; seed++) {
    auto sampler = make_sampler(name, space, seed);
    std::vector<Tried> tried;
    double best = 1e9;
    for (std::size_t n = 0; n < 40; n++) {
      auto point = *sampler->propose(n, tried);
      auto values = space.at(point);
      double dx = get_number(values, "x") - 0.3, dy = get_number(values, "y") - 0.7;
      double loss = dx * dx + dy * dy + (get_string(values, "kind") == "b" ? 0 : 0.1);
      best = std::min(best, loss);
      tried.push_back({point, -loss});
    }
    sum += best / 20;
  }
  return sum;
}

TEST_CASE("sampler: those that learn find the bottom of a bowl better than chance") {
  double by_chance = found_by("random");
  CHECK(found_by("tpe") < by_chance * 0.8);
  CHECK(found_by("bayesian") < by_chance / 10);
}

TEST_CASE("sampler: the same seed, number and history give the same point; those that run are kept away from") {
  Space space = space_of(R"({"x": {"uniform": [0, 1]}})");
  for (std::string name : {"random", "sobol", "tpe", "bayesian"}) {
    std::vector<Tried> tried;
    for (int i = 0; i < 8; i++) tried.push_back({{i / 8.0}, -std::abs(i / 8.0 - 0.4)});
    auto first = *make_sampler(name, space, 3)->propose(8, tried);
    CHECK(first == *make_sampler(name, space, 3)->propose(8, tried));
    tried.push_back({first, std::nullopt});
    CHECK(first != *make_sampler(name, space, 3)->propose(9, tried));
  }
}

static StoppingPolicy policy(const char* text) { return StoppingPolicy::from_json(json::value(text)); }

TEST_CASE("stopping: bandit as the best figure and the slack say, both ways") {
  std::vector<Curve> curves{{{0.8}}, {{0.72}}, {{0.73}}};
  auto bandit = policy("bandit(slack_factor=0.1)");  // 0.8 / 1.1 = 0.727
  CHECK(should_stop(bandit, false, curves, 1));
  CHECK_FALSE(should_stop(bandit, false, curves, 2));
  CHECK_FALSE(should_stop(bandit, false, curves, 0));
  std::vector<Curve> losses{{{-1.0}}, {{-1.11}}, {{-1.09}}};
  CHECK(should_stop(bandit, true, losses, 1));
  CHECK_FALSE(should_stop(bandit, true, losses, 2));
  CHECK(should_stop(policy("bandit(slack_amount=0.05)"), false, curves, 2));
  CHECK_FALSE(should_stop(policy("bandit(slack_amount=0.05, delay_evaluation=1)"), false, curves, 2));
}

TEST_CASE("stopping: median of running averages, truncation of the worst, asha's rungs") {
  std::vector<Curve> curves{{{0.1, 0.2}}, {{0.5, 0.6}}, {{0.6, 0.7}}, {{0.7, 0.8}}};
  CHECK(should_stop(policy("median"), false, curves, 0));
  CHECK_FALSE(should_stop(policy("median"), false, curves, 2));
  CHECK(should_stop(policy("truncation(truncation_percentage=30)"), false, curves, 0));
  CHECK_FALSE(should_stop(policy("truncation(truncation_percentage=30)"), false, curves, 1));
  CHECK_FALSE(should_stop(policy("truncation(truncation_percentage=30, evaluation_interval=5)"), false, curves, 0));
  auto asha = policy("asha(evaluation_interval=2, divisor=2)");
  CHECK(should_stop(asha, false, curves, 1));
  CHECK_FALSE(should_stop(asha, false, curves, 2));
  for (auto& curve : curves) curve.reports.push_back(1);
  CHECK_FALSE(should_stop(asha, false, curves, 0));  // three reports: between two rungs
  CHECK_THROWS_AS(policy("bandit(slack=0.1)"), Error);
  CHECK_THROWS_AS(policy("luck"), Error);
}
