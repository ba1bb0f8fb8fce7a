#include "search/auto/race.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "base/clock.hpp"
#include "base/random.hpp"

using namespace gyre;

namespace {

// Half of what the target is made of cannot be known: training too long is punished at once.
Table made_up(std::size_t rows, Target& target) {
  Table table{"made.csv", {}, {}, {}};
  Random random(3);
  Column a{"a", ColumnType::number, {}, {}, {}}, b{"b", ColumnType::number, {}, {}, {}};
  target = {"y", Task::regress, {}, {}};
  for (std::size_t i = 0; i < rows; i++) {
    a.numbers.push_back(random.normal());
    b.numbers.push_back(random.normal());
    target.values.push_back(a.numbers.back() * b.numbers.back() + random.normal());
    table.row_numbers.push_back(static_cast<std::uint32_t>(i + 1));
  }
  table.columns = {a, b};
  return table;
}

}  // namespace

TEST_CASE("race: who stopped where its rows liked it best is judged on them at another round") {
  Target target;
  Table table = made_up(200, target);
  Objective objective("rmse", target);
  RaceOptions options{.folds = 4, .deadline = seconds_since_start() + 60, .most_candidates = 8};
  std::atomic<std::size_t> told = 0;
  options.stop = [&] { return told == options.most_candidates; };
  Race race(table, target, objective, options);
  std::vector<Entry> first;
  race.run([&](const Entry& entry) {
    if (entry.splits == 1) first.push_back(entry), told++;
  });
  auto folds = make_folds(target, options.folds, options.seed);
  int judged = 0;
  for (auto& entry : first) {
    CAPTURE(entry.candidate.name);
    std::vector<double> own(table.rows());
    for (std::size_t f = 0; f < folds.size(); f++) {
      auto answers = entry.models[f]->predict(table.take(folds[f].judge), 1);
      for (std::size_t i = 0; i < answers.size(); i++) own[folds[f].judge[i]] = answers[i];
    }
    double as_stopped = objective.score(race.truth(), own);
    if (entry.candidate.checked) {
      CHECK(entry.score < as_stopped);  // each fold's own round was the best for it
      judged++;
    } else {
      CHECK(entry.score == doctest::Approx(as_stopped));
    }
  }
  CHECK(judged > 1);
}

TEST_CASE("race: of few rows further splits judge while there is time, and their models are not kept") {
  Target target;
  Table table = made_up(200, target);
  RaceOptions options{.folds = 4, .deadline = seconds_since_start() + 60, .most_candidates = 8};
  std::size_t most = 0;
  options.stop = [&] { return most == 7; };
  Race race(table, target, Objective("rmse", target), options);
  race.run([&](const Entry& entry) { most = std::max(most, entry.splits); });
  CHECK(most == 7);
  CHECK(race.entries().size() == 8);
  for (auto& entry : race.entries()) {
    CAPTURE(entry.candidate.name);
    CHECK(entry.splits >= 6);  // all go on together: more of them would look better for that alone
    CHECK(entry.models.size() == 4 * options.folds);
  }
}
