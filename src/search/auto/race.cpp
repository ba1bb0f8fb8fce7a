#include "search/auto/race.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/clock.hpp"

namespace gyre {

Race::Race(const Table& table, const Target& target, Objective objective, RaceOptions options)
    : target_(target),
      objective_(std::move(objective)),
      options_(std::move(options)),
      folds_(make_folds(target, options_.folds, options_.seed)),
      first_(first_candidates(problem_of(target), table.rows(), table.columns.size())),
      outputs_(problem_of(target).outputs()),
      rows_(table.rows()),
      // Of few rows each training takes one core; of many, one training takes all of them.
      workers_(folds_.size() > 1 ? options_.threads : 1),
      threads_each_(std::max(1, options_.threads / workers_)),
      began_(seconds_since_start()) {
  for (auto& fold : folds_) {
    parts_.push_back(
        {table.take(fold.learn), table.take(fold.judge), target.take(fold.learn), target.take(fold.judge)});
  }
  truth_ = folds_.size() == 1 ? parts_[0].judge_target.values : target.values;
}

bool Race::over() const { return seconds_since_start() >= options_.deadline || options_.stop(); }

std::optional<Candidate> Race::propose() {
  if (proposed_ >= options_.most_candidates) return {};
  std::size_t number = proposed_++;
  if (number < first_.size()) return first_[number];
  return drawn_candidate(problem_of(target_), rows_, options_.seed, number);
}

std::shared_ptr<Race::Heat> Race::next_job(std::size_t* fold) {
  std::lock_guard lock(mutex_);
  if (over() && proposed_ > 0 && !(entries_.empty() && current_ && current_->next < folds_.size())) return {};
  if (!current_ || current_->next == folds_.size() || current_->lost) {
    double left = std::max(0.0, options_.deadline - seconds_since_start());
    if (proposed_ >= first_.size() && left < usual_seconds_) return {};  // it would be cut, and lose to all others
    auto candidate = propose();
    if (!candidate) return {};
    current_ = std::make_shared<Heat>();
    current_->candidate = std::move(*candidate);
    current_->models.resize(folds_.size());
    current_->answers.resize(truth_.size() * outputs_);
    // Nobody takes more than a part of the time that is left: a training that is cut there is a weaker one, no lost
    // one.
    current_->latest = seconds_since_start() + std::max(0.5, 0.3 * left);
  }
  *fold = current_->next++;
  return current_;
}

void Race::train_fold(Heat& heat, std::size_t fold) {
  const Part& part = parts_[fold];
  double began = seconds_since_start();
  // The first candidate is what all others are measured by: it is never cut.
  bool is_first = heat.candidate.name == first_[0].name;
  TableTraining training{heat.candidate.learner, heat.candidate.options, heat.candidate.features, threads_each_,
                         options_.seed + fold};
  training.stop = [&] {
    double now = seconds_since_start();
    return options_.stop() || (!is_first && (now > options_.deadline || now > heat.latest));
  };
  bool checked = heat.candidate.checked;
  auto model = std::make_shared<TablePipeline>(train_pipeline(training, part.learn, part.learn_target, {},
                                                              checked ? &part.judge : nullptr,
                                                              checked ? &part.judge_target : nullptr));
  std::vector<double> answers = model->predict(part.judge, threads_each_);
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < part.judge.rows(); i++) {
    std::size_t row = folds_.size() == 1 ? i : folds_[fold].judge[i];
    std::copy_n(&answers[i * outputs_], outputs_, &heat.answers[row * outputs_]);
  }
  heat.models[fold] = std::move(model);
  heat.seconds += seconds_since_start() - began;
  heat.done++;
}

void Race::finish(Heat& heat, const std::function<void(const Entry&)>& told) {
  double score = objective_.score(truth_, heat.answers);
  std::lock_guard lock(mutex_);
  if (!std::isfinite(score)) {
    failed_.push_back({heat.candidate.name, "its answers have no " + objective_.name()});
    return;
  }
  Entry entry{heat.candidate, std::move(heat.models), std::move(heat.answers),
              score,          heat.seconds,           seconds_since_start() - began_};
  if (heat.candidate.checked) usual_seconds_ = std::max(usual_seconds_, 0.6 * heat.seconds / workers_);
  entries_.push_back(std::move(entry));
  told(entries_.back());
}

void Race::work(const std::function<void(const Entry&)>& told) {
  std::size_t fold = 0;
  while (auto heat = next_job(&fold)) {
    try {
      train_fold(*heat, fold);
      bool complete;
      {
        std::lock_guard lock(mutex_);
        complete = !heat->lost && heat->done == folds_.size();
        // What was cut by the end of all time says nothing about the candidate.
        if (complete && over() && !entries_.empty() && heat->candidate.checked) complete = false;
      }
      if (complete) finish(*heat, told);
    } catch (const std::exception& error) {  // this learner cannot do this table: the others go on
      std::lock_guard lock(mutex_);
      if (!heat->lost) failed_.push_back({heat->candidate.name, error.what()});
      heat->lost = true;
    }
  }
}

void Race::run(const std::function<void(const Entry&)>& told) {
  began_ = seconds_since_start();
  std::vector<std::jthread> others;
  for (int i = 1; i < workers_; i++) others.emplace_back([&] { work(told); });
  work(told);
}

}  // namespace gyre
