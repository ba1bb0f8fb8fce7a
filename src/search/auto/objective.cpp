#include "search/auto/objective.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

static bool larger_is_better(const std::string& name, Task task) {
  if (task == Task::classify) return name != "log_loss" && name != "brier";
  return name == "r2" || name == "explained_variance" || name == "spearman";
}

// Of two labels, at one half: reports have it among many others, and a selection asks thousands of times.
static double f1_of(const Judged& judged) {
  double both = 0, either = 0;
  for (std::size_t i = 0; i < judged.rows(); i++) {
    bool truth = judged.truth[i] == 1, answer = judged.probabilities[2 * i + 1] > judged.probabilities[2 * i];
    both += truth && answer;
    either += truth + answer;
  }
  return either > 0 ? 2 * both / either : 0;
}

Objective::Objective(const std::string& name, const Target& target)
    : name_(name != "auto"                 ? name
            : target.task == Task::regress ? "rmse"
            : target.classes() == 2        ? "auc"
                                           : "log_loss"),
      task_(target.task),
      classes_(target.classes()),
      is_error_(!larger_is_better(name_, task_)) {}

double Objective::score(std::span<const double> truth, std::span<const double> answers) const {
  // A learner may have no answer for some row; scores that sort would not survive that.
  if (!std::all_of(answers.begin(), answers.end(), [](double one) { return std::isfinite(one); })) return -HUGE_VAL;
  double score = 0;
  if (task_ == Task::regress) {
    score = name_ == "rmse" ? -rmse(truth, answers, {}) : score_named(name_, truth, answers);
  } else {
    Judged judged{truth, answers, classes_};
    score = name_ == "auc"                   ? auc(judged)
            : name_ == "log_loss"            ? -log_loss(judged)
            : name_ == "f1" && classes_ == 2 ? f1_of(judged)
                                             : score_named(name_, judged);
  }
  return std::isnan(score) ? -HUGE_VAL : score;
}

}  // namespace gyre
