#include "search/auto/objective.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "search/auto/cut.hpp"

namespace gyre {

Objective::Objective(const std::string& name, const Target& target)
    : name_(name != "auto"                 ? name
            : target.task == Task::regress ? "rmse"
            : target.classes() == 2        ? "auc"
                                           : "log_loss"),
      task_(target.task),
      classes_(target.classes()),
      is_error_(!larger_is_better(name_, task_ == Task::classify)),
      moves_cut_(task_ == Task::classify && classes_ == 2 && is_score_of_cut(name_)) {}

// A learner may have no answer for some row; scores that sort would not survive that.
static bool all_known(std::span<const double> answers) {
  return std::all_of(answers.begin(), answers.end(), [](double one) { return std::isfinite(one); });
}

double Objective::score(std::span<const double> truth, std::span<const double> answers) const {
  if (!moves_cut_) return score_as_is(truth, answers);
  return all_known(answers) ? score_at_best_cut(name_, truth, answers) : -HUGE_VAL;
}

double Objective::score_as_is(std::span<const double> truth, std::span<const double> answers) const {
  if (!all_known(answers)) return -HUGE_VAL;
  double score = 0;
  if (task_ == Task::regress) {
    score = name_ == "rmse" ? -rmse(truth, answers, {}) : score_named(name_, truth, answers);
  } else {
    Judged judged{truth, answers, classes_};
    score = name_ == "auc" ? auc(judged) : name_ == "log_loss" ? -log_loss(judged) : score_named(name_, judged);
  }
  return std::isnan(score) ? -HUGE_VAL : score;
}

std::string five_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

}  // namespace gyre
