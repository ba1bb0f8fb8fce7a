#include "search/auto/cut.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"

namespace gyre {

namespace {

// Rows by what was answered and what is true: of the second label, answered so, and so on.
struct Outcomes {
  double found = 0, missed = 0, false_alarms = 0, passed = 0;
};

double part_of_whole(double part, double whole) { return whole > 0 ? part / whole : 0; }

double f1_of_second(const Outcomes& o) { return part_of_whole(2 * o.found, 2 * o.found + o.missed + o.false_alarms); }
double f1_of_first(const Outcomes& o) { return part_of_whole(2 * o.passed, 2 * o.passed + o.missed + o.false_alarms); }
double accuracy_of(const Outcomes& o) {
  return part_of_whole(o.found + o.passed, o.found + o.passed + o.missed + o.false_alarms);
}
double balanced_accuracy_of(const Outcomes& o) {
  return (part_of_whole(o.found, o.found + o.missed) + part_of_whole(o.passed, o.passed + o.false_alarms)) / 2;
}
double matthews_of(const Outcomes& o) {
  double below = std::sqrt((o.found + o.false_alarms) * (o.found + o.missed) * (o.passed + o.false_alarms) *
                           (o.passed + o.missed));
  return part_of_whole(o.found * o.passed - o.false_alarms * o.missed, below);
}
double kappa_of(const Outcomes& o) {
  double all = o.found + o.missed + o.false_alarms + o.passed;
  double by_chance =
      ((o.found + o.missed) * (o.found + o.false_alarms) + (o.passed + o.missed) * (o.passed + o.false_alarms)) /
      std::max(all, 1.0);
  return part_of_whole(o.found + o.passed - by_chance, all - by_chance);
}

struct CutScore {
  const char* name;
  double (*of)(const Outcomes&);
};
constexpr CutScore cut_scores[] = {
    {"f1", f1_of_second},      {"f1_macro", [](const Outcomes& o) { return (f1_of_first(o) + f1_of_second(o)) / 2; }},
    {"accuracy", accuracy_of}, {"balanced_accuracy", balanced_accuracy_of},
    {"matthews", matthews_of}, {"kappa", kappa_of},
};

const CutScore* find_score(const std::string& name) {
  auto found = std::find_if(std::begin(cut_scores), std::end(cut_scores), [&](auto& one) { return name == one.name; });
  return found == std::end(cut_scores) ? nullptr : found;
}

double log_odds_of(double second, double first) {
  constexpr double least = 1e-12;
  return std::log(std::max(second, least) / std::max(first, least));
}

struct Cut {
  double log_odds = 0, score = -std::numeric_limits<double>::infinity();
};

// Rows in the order of their odds, the most likely first: one pass sees every cut.
class Cuts {
 public:
  Cuts(const std::string& name, std::span<const double> truth, std::span<const double> answers)
      : score_(find_score(name)), truth_(truth), odds_(truth.size()), order_(truth.size()) {
    if (!score_) throw Error(Code::internal, "\"" + name + "\" is no score that a cut makes better");
    for (std::size_t i = 0; i < odds_.size(); i++) odds_[i] = log_odds_of(answers[2 * i + 1], answers[2 * i]);
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](auto a, auto b) { return odds_[a] > odds_[b]; });
  }

  // `times`: how often each row counts; empty: once.
  Cut best(std::span<const std::uint32_t> times) const {
    auto weight = [&](std::size_t row) { return times.empty() ? 1.0 : times[row]; };
    Outcomes outcomes;
    for (std::size_t i = 0; i < truth_.size(); i++) (truth_[i] == 1 ? outcomes.missed : outcomes.passed) += weight(i);
    Cut best{.log_odds = order_.empty() ? 0 : odds_[order_[0]] + 1, .score = score_->of(outcomes)};
    for (std::size_t k = 0; k < order_.size(); k++) {
      std::size_t row = order_[k];
      double moved = weight(row);
      if (truth_[row] == 1)
        outcomes.found += moved, outcomes.missed -= moved;
      else
        outcomes.false_alarms += moved, outcomes.passed -= moved;
      bool last = k + 1 == order_.size();
      if (!last && odds_[order_[k + 1]] == odds_[row]) continue;
      if (double score = score_->of(outcomes); score > best.score)
        best = {last ? odds_[row] - 1 : (odds_[row] + odds_[order_[k + 1]]) / 2, score};
    }
    return best;
  }

 private:
  const CutScore* score_;
  std::span<const double> truth_;
  std::vector<double> odds_;
  std::vector<std::size_t> order_;
};

}  // namespace

bool is_score_of_cut(const std::string& name) { return find_score(name) != nullptr; }

double score_at_best_cut(const std::string& name, std::span<const double> truth, std::span<const double> answers) {
  return Cuts(name, truth, answers).best({}).score;
}

double odds_of_best_cut(const std::string& name, std::span<const double> truth, std::span<const double> answers,
                        std::uint64_t seed) {
  constexpr std::size_t draws = 51;
  Cuts cuts(name, truth, answers);
  Random random(seed);
  std::vector<double> found;
  for (std::size_t draw = 0; draw < draws; draw++) {
    std::vector<std::uint32_t> times(truth.size());
    for (std::size_t i = 0; i < truth.size(); i++) times[random.below(truth.size())]++;
    found.push_back(cuts.best(times).log_odds);
  }
  std::nth_element(found.begin(), found.begin() + draws / 2, found.end());
  return std::exp(found[draws / 2]);
}

void move_cut(std::span<double> answers, double odds) {
  for (std::size_t i = 0; i + 1 < answers.size(); i += 2) {
    double first = answers[i] * odds, second = answers[i + 1], all = first + second;
    if (all > 0) answers[i] = first / all, answers[i + 1] = second / all;
  }
}

}  // namespace gyre
