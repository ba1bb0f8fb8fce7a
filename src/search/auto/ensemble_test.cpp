#include "search/auto/ensemble.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "base/random.hpp"
#include "search/auto/folds.hpp"

using namespace gyre;

static double closeness(std::span<const double> truth, std::span<const double> answers) {
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); i++) sum += (truth[i] - answers[i]) * (truth[i] - answers[i]);
  return -std::sqrt(sum / static_cast<double>(truth.size()));
}

TEST_CASE("ensemble: two that err apart together beat each; what is of no use weighs nothing") {
  Random random(1);
  std::vector<double> truth, one, other, useless;
  for (int i = 0; i < 400; i++) {
    truth.push_back(random.normal());
    one.push_back(truth.back() + random.normal());
    other.push_back(truth.back() + random.normal());
    useless.push_back(10 * random.normal());
  }
  auto score = [&](std::span<const double> answers) { return closeness(truth, answers); };
  Ensemble found = select_ensemble({useless, one, other}, score, 40, [] { return false; });
  CHECK(found.weights[0] == 0);
  CHECK(found.weights[1] == doctest::Approx(0.5).epsilon(0.2));
  CHECK(found.weights[1] + found.weights[2] == doctest::Approx(1));
  CHECK(found.score > score(one) * 0.8);
  auto going_on = [] { return false; };
  Ensemble bagged =
      select_bagged_ensemble({one, useless, other, one, other, useless, one, other}, score, 40, 8, 1, going_on);
  CHECK(bagged.weights[1] + bagged.weights[5] < 0.1);
  CHECK(bagged.score > score(one) * 0.8);
  Ensemble perfect =
      select_bagged_ensemble({truth, useless, one, other, one, other, one, other}, score, 40, 8, 1, going_on);
  CHECK(perfect.weights[0] > 0.99);
  Ensemble cut = select_ensemble({useless, one, other}, score, 40, [] { return true; });  // never below the best single
  CHECK(cut.score >= score(one));
}

TEST_CASE("folds: each row is judged once, labels are spread alike, the same seed gives the same") {
  Target target{.column = "y", .task = Task::classify, .labels = {"a", "b"}, .values = {}};
  for (int i = 0; i < 203; i++) target.values.push_back(i % 7 == 0 ? 1 : 0);
  auto folds = make_folds(target, 5, 3);
  REQUIRE(folds.size() == 5);
  std::set<std::size_t> judged;
  for (auto& fold : folds) {
    CHECK(fold.learn.size() + fold.judge.size() == 203);
    std::size_t rare = 0;
    for (auto row : fold.judge) {
      judged.insert(row);
      rare += target.values[row] == 1;
    }
    CHECK((rare >= 5 && rare <= 7));
  }
  CHECK(judged.size() == 203);
  CHECK(make_folds(target, 5, 3)[2].judge == folds[2].judge);
  CHECK(make_folds(target, 5, 4)[2].judge != folds[2].judge);
  auto held = make_folds(target, 1, 3);
  REQUIRE(held.size() == 1);
  CHECK((held[0].judge.size() > 25 && held[0].judge.size() < 45));
  Target few{.column = "y", .task = Task::regress, .labels = {}, .values = {1, 2, 3}};
  CHECK(make_folds(few, 10, 1).size() == 3);
}

TEST_CASE("folds: rows of one group are never parted, and folds are alike in size") {
  Target target{.column = "y", .task = Task::regress, .labels = {}, .values = {}};
  std::vector<std::size_t> groups;
  for (std::size_t group = 0; group < 23; group++)
    for (std::size_t i = 0; i < 5 + group % 7; i++) groups.push_back(group), target.values.push_back(1.0 * i);
  auto folds = make_folds(target, 5, 1, groups);
  REQUIRE(folds.size() == 5);
  for (auto& fold : folds) {
    std::set<std::size_t> learned, judged;
    for (auto row : fold.learn) learned.insert(groups[row]);
    for (auto row : fold.judge) judged.insert(groups[row]);
    for (auto group : judged) CHECK(learned.count(group) == 0);
    CHECK(learned.size() + judged.size() == 23);
    CHECK((fold.judge.size() * 5 > groups.size() * 0.8 && fold.judge.size() * 5 < groups.size() * 1.2));
  }
  CHECK(make_folds(target, 50, 1, groups).size() == 23);
}
