#include "search/auto/cut.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "base/random.hpp"
#include "learn/scores.hpp"

using namespace gyre;

TEST_CASE("cut: the best place for F1 is found among all, ties move together") {
  std::vector<double> truth{0, 0, 0, 1, 0, 1, 1}, seconds{.01, .02, .02, .2, .2, .3, .4}, answers;
  for (double p : seconds) answers.insert(answers.end(), {1 - p, p});
  CHECK(f1(Judged{truth, answers, 2}, Average::macro) < 0.5);  // at one half nothing is found
  CHECK(score_at_best_cut("f1", truth, answers) == doctest::Approx(6.0 / 7));
  CHECK(score_at_best_cut("accuracy", truth, answers) == doctest::Approx(6.0 / 7));
  CHECK(score_at_best_cut("balanced_accuracy", truth, answers) == doctest::Approx(7.0 / 8));
  CHECK(is_score_of_cut("matthews"));
  CHECK_FALSE(is_score_of_cut("auc"));
  CHECK_FALSE(is_score_of_cut("recall_macro"));  // the best cut would be to say so of every row
}

TEST_CASE("cut: answers that were moved are cut at one half, and score what the best cut promised") {
  Random random(3);
  std::vector<double> truth, answers;
  for (int i = 0; i < 4000; i++) {
    bool rare = random.chance(0.05);
    double odds = std::exp(-3 + (rare ? 2.5 : 0) + random.normal());
    truth.push_back(rare);
    answers.insert(answers.end(), {1 / (1 + odds), odds / (1 + odds)});
  }
  for (const char* name : {"f1", "f1_macro", "matthews", "kappa", "balanced_accuracy", "accuracy"}) {
    CAPTURE(name);
    double best = score_at_best_cut(name, truth, answers);
    auto moved = answers;
    move_cut(moved, odds_of_best_cut(name, truth, answers, 1));
    double reached = score_named(name, Judged{truth, moved, 2}), before = score_named(name, Judged{truth, answers, 2});
    CHECK(reached <= best + 1e-12);
    CHECK(reached > best - 0.02);
    CHECK(reached >= before - 0.01);
    CHECK(auc(Judged{truth, moved, 2}) == doctest::Approx(auc(Judged{truth, answers, 2})));
  }
}
