#include "search/auto/race.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <thread>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "search/auto/members.hpp"
#include "search/auto/variation.hpp"

namespace gyre {

static constexpr std::size_t rows_worth_more_splits = 5'000;  // above, other folds say nearly the same

Race::Race(const Table& table, const Target& target, Objective objective, RaceOptions options)
    : table_(table),
      target_(target),
      objective_(std::move(objective)),
      options_(std::move(options)),
      screen_(table, options_.threads),
      known_(known_candidates(problem_of(target), shape_of(table))),
      former_(FormerResults::for_table(table, screen_.seen(), known_)),
      outputs_(problem_of(target).outputs()),
      began_(seconds_since_start()),
      deadline_(options_.deadline) {
  auto first = split(0);
  folds_ = first->folds.size();
  // Of few rows each training takes one core; of many, one training takes all of them.
  workers_ = folds_ > 1 ? options_.threads : 1;
  threads_each_ = std::max(1, options_.threads / workers_);
  truth_ = folds_ == 1 ? first->parts[0].judge_target.values : target.values;
}

bool Race::has_entries() {
  std::lock_guard lock(mutex_);
  return !entries_.empty();
}

std::size_t Race::default_number() const {
  auto found =
      std::find_if(entries_.begin(), entries_.end(), [](auto& one) { return one.candidate.name == "lightgbm"; });
  return found == entries_.end() ? 0 : static_cast<std::size_t>(found - entries_.begin());
}

bool Race::has_few_rows() const { return folds_ > 1 && table_.rows() < few_rows; }

bool Race::is_exhausted() const { return proposed_ >= options_.most_candidates; }

double Race::share_of_time() const { return (seconds_since_start() - began_) / (deadline_ - began_); }

bool Race::over() const { return seconds_since_start() >= deadline_ || options_.stop(); }

std::shared_ptr<const Race::Split> Race::split(std::size_t number) {
  if (auto found = splits_.find(number); found != splits_.end()) return found->second;
  // Each holds the table as often as it has folds: of those that only judge, used one after the other, one is kept.
  std::erase_if(splits_, [](auto& one) { return one.first >= kept_splits; });
  auto made = std::make_shared<Split>();
  made->folds = make_folds(target_, options_.folds, options_.seed + 1000 * number, options_.groups);
  for (auto& fold : made->folds) {
    auto columns = screen_.choose(target_, fold.learn);
    made->parts.push_back({cut_out(table_, columns, fold.learn), cut_out(table_, columns, fold.judge),
                           target_.take(fold.learn), target_.take(fold.judge)});
  }
  return splits_[number] = std::move(made);
}

std::shared_ptr<const Race::Split> Race::first_split(Sees sees) {
  if (sees == Sees::table) return split(0);
  auto& made = stacked_splits_[sees];
  if (made) return made;
  Table wider = stack_->training(table_, sees);
  auto fresh = std::make_shared<Split>();
  fresh->folds = split(0)->folds;
  for (auto& fold : fresh->folds)
    fresh->parts.push_back(
        {wider.take(fold.learn), wider.take(fold.judge), target_.take(fold.learn), target_.take(fold.judge)});
  return made = std::move(fresh);
}

// Of few rows a second level learns the luck of the first; of many there are answers to the rows held back alone.
bool Race::is_time_to_stack() const {
  constexpr std::size_t fewest_entries = 6;
  if (!options_.stacks || stack_ || folds_ == 1 || has_few_rows() || screen_.leaves_out()) return false;
  return entries_.size() >= fewest_entries && (share_of_time() > 0.6 || is_exhausted());
}

// The best of each kind, then their seconds: a second level lives on answers that err differently, and a weak kind says
// more beside the others than one more of the best.
std::vector<Stack::Base> Race::bases() const {
  constexpr std::size_t most_columns = 100, most_bases = 10;
  constexpr double most_megabytes = 12;
  std::vector<const Entry*> order;
  for (auto& entry : entries_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->score > b->score; });
  std::erase_if(order, [&](auto* entry) {
    double megabytes = 0;
    for (auto& model : entry->models)
      megabytes += megabytes_of(entry->candidate, *model, problem_of(target_), table_.rows());
    return megabytes > most_megabytes;
  });
  std::map<std::string, std::size_t> of_kind;
  std::vector<const Entry*> best, seconds;
  for (auto* entry : order) {
    std::size_t place = of_kind[entry->candidate.learner->name]++;
    if (place < 2) (place == 0 ? best : seconds).push_back(entry);
  }
  best.insert(best.end(), seconds.begin(), seconds.end());
  std::vector<Stack::Base> bases;
  for (auto* entry : best)
    if (bases.size() < most_bases && (bases.size() + 1) * outputs_ <= most_columns)
      bases.push_back({entry->candidate, entry->models, entry->answers});
  return bases;
}

std::optional<Candidate> Race::propose_stacked() {
  if (is_time_to_stack()) {
    stack_ = std::make_shared<const Stack>(problem_of(target_), bases());
    if (stack_->bases().size() > 1) stacked_ = stacked_candidates(problem_of(target_), shape_of(table_));
    constexpr std::size_t most_cells = 4'000'000;  // each fold has a copy
    if (table_.rows() * table_.columns.size() > most_cells)
      std::erase_if(stacked_, [](auto& candidate) { return candidate.sees == Sees::both; });
  }
  if (stacked_.empty()) return {};
  Candidate candidate = std::move(stacked_.front());
  stacked_.erase(stacked_.begin());
  return candidate;
}

// Quick ones of kinds that were not tried: alone they may promise little, but they err elsewhere, and what is put
// together lives on that.
std::optional<std::size_t> Race::first_of_its_kind(double seconds_left) const {
  constexpr double most_share = 0.03;
  for (std::size_t i = 0; i < known_.size(); i++)
    if (!kinds_tried_.contains(known_[i].learner->name) &&
        former_->predicted_seconds(known_[i].name) < most_share * seconds_left)
      return i;
  return {};
}

std::optional<std::size_t> Race::best_known() const {
  if (known_.empty()) return {};
  if (tried_ < always_tried || !former_) return 0;  // in their order
  for (std::size_t i = 0; i < known_.size(); i++)
    if (!former_->knows(known_[i].name)) return i;  // nobody can say what it is worth here
  double left = (deadline_ - seconds_since_start()) * workers_;
  if (auto other = first_of_its_kind(left)) return other;
  auto name = former_->next(left);
  if (!name) return {};
  auto found = std::find_if(known_.begin(), known_.end(), [&](auto& one) { return one.name == *name; });
  return static_cast<std::size_t>(found - known_.begin());
}

static double seconds_of_split(const Entry& entry) { return entry.seconds / static_cast<double>(entry.splits); }

// Half of what comes after the known ones: one of the best, or the best of its kind, by all alike on the first split.
// Not of the second level: its answers to judged rows rest on theirs already, and many would find the luckiest.
const Candidate* Race::worth_varying(std::size_t number) const {
  Random random = Random(options_.seed).split(number);
  if (random.chance(0.5)) return nullptr;
  double left = (deadline_ - seconds_since_start()) * workers_;
  std::vector<const Entry*> order;
  for (auto& entry : entries_)
    if (entry.candidate.sees == Sees::table && seconds_of_split(entry) < 0.1 * left) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->first_score > b->first_score; });
  std::map<std::string, int> of_kind;
  std::erase_if(order, [&](auto* entry) { return of_kind[entry->candidate.learner->name]++ >= 3; });
  for (auto* entry : order)
    if (random.chance(0.25)) return &entry->candidate;
  return nullptr;
}

std::optional<Candidate> Race::propose() {
  if (auto stacked = propose_stacked()) return stacked;
  if (is_exhausted()) return {};
  std::size_t number = proposed_++;
  auto known = best_known();
  if (!known) {
    if (auto* good = worth_varying(number)) return varied_candidate(*good, shape_of(table_), options_.seed, number);
    return drawn_candidate(problem_of(target_), shape_of(table_), options_.seed, number);
  }
  Candidate candidate = known_[*known];
  kinds_tried_.insert(candidate.learner->name);
  known_.erase(known_.begin() + static_cast<std::ptrdiff_t>(*known));
  if (former_) former_->exclude(candidate.name);
  tried_++;
  return candidate;
}

// The default, which all others are measured by, and the best by the first split, but not too many of a kind: those
// that vary much with their options are lucky most often.
std::optional<std::size_t> Race::worth_confirming(double seconds_left) const {
  constexpr std::size_t most = 24;
  constexpr int most_of_a_kind = 6;
  if (entries_.empty()) return {};
  std::vector<std::size_t> order(entries_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return entries_[a].first_score > entries_[b].first_score; });
  auto common = std::find(order.begin(), order.end(), default_number());
  std::rotate(order.begin(), common, common + 1);
  std::map<std::string, int> of_kind;
  std::erase_if(order, [&](auto i) { return of_kind[entries_[i].candidate.learner->name]++ >= most_of_a_kind; });
  order.resize(std::min(most, order.size()));
  // First those that are kept, of one after the other; then all of them on one more, and again.
  for (std::size_t wanted = kept_splits; wanted <= most_splits; wanted++)
    for (auto i : order)
      if (entries_[i].planned < wanted && seconds_of_split(entries_[i]) / workers_ < seconds_left) return i;
  return {};
}

// One split into folds is luck: of the best, the one with the fewest splits so far.
std::optional<std::size_t> Race::worth_again(double seconds_left) const {
  if (folds_ == 1 || table_.rows() > rows_worth_more_splits || entries_.size() < 2) return {};
  std::vector<std::size_t> order(entries_.size());
  for (std::size_t i = 0; i < order.size(); i++) order[i] = i;
  std::erase_if(order,
                [&](auto i) { return entries_[i].candidate.sees != Sees::table; });  // its answers have one split
  if (order.empty()) return {};
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return entries_[a].score > entries_[b].score; });
  order.resize(std::min<std::size_t>(5, order.size()));
  auto fewest = *std::min_element(order.begin(), order.end(),
                                  [&](auto a, auto b) { return entries_[a].planned < entries_[b].planned; });
  if (entries_[fewest].planned >= kept_splits) return {};
  if (seconds_of_split(entries_[fewest]) / workers_ > seconds_left) return {};
  return fewest;
}

std::shared_ptr<Race::Heat> Race::next_job(std::size_t* fold) {
  std::lock_guard lock(mutex_);
  bool first_goes_on = entries_.empty() && current_ && current_->next < folds_;
  if (over() && heats_ > 0 && !first_goes_on) return {};
  if (!current_ || current_->next == folds_ || current_->lost) {
    double left = std::max(0.0, deadline_ - seconds_since_start());
    auto heat = std::make_shared<Heat>();
    // When the most different ones were tried, others and further splits of the best take turns.
    if (confirms() && (share_of_time() > 0.65 || is_exhausted()))
      heat->again = worth_confirming(left);
    else if (!confirms() && (is_exhausted() || (tried_ > 2 * always_tried && heats_ % 2 == 0)))
      heat->again = worth_again(left);
    if (heat->again) {
      heat->candidate = entries_[*heat->again].candidate;
      heat->split = split(entries_[*heat->again].planned++);
    } else {
      auto candidate = propose();
      if (!candidate) return {};
      heat->candidate = std::move(*candidate);
      heat->split = first_split(heat->candidate.sees);
    }
    heat->number = heats_++;
    heat->models.resize(folds_);
    heat->answers.resize(truth_.size() * outputs_);
    heat->traces.resize(folds_);
    // Nobody takes more than a part of the time that is left: a training cut there is a weaker one, no lost one. Those
    // that find their own end are worth more of it than those that only come closer to theirs.
    double share = heat->again ? 1 : heat->candidate.checked ? 0.3 : 0.12;
    heat->latest = seconds_since_start() + std::max(0.5, share * left);
    current_ = std::move(heat);
  }
  *fold = current_->next++;
  return current_;
}

bool Race::train_fold(Heat& heat, std::size_t fold) {
  const Part& part = heat.split->parts[fold];
  double began = seconds_since_start();
  // Equal parts for its folds: one that begins late would learn nothing. The first candidate is what all others are
  // measured by: it has all the time there is.
  bool is_first = heat.number == 0;
  double rounds_left = std::ceil(static_cast<double>(folds_ - fold) / workers_);
  double end = is_first ? deadline() : std::min(deadline(), heat.latest);
  double latest = began + std::max(is_first ? 0.3 : 0.0, (end - began) / rounds_left);
  TableTraining training{heat.candidate.learner, heat.candidate.options, heat.candidate.features, threads_each_,
                         options_.seed + fold};
  training.stop = [&] {
    double now = seconds_since_start();
    return options_.stop() || now > latest || (!is_first && now > deadline_);
  };
  bool checked = heat.candidate.checked;
  if (checked && has_few_rows()) training.trace = &heat.traces[fold];
  auto model = std::make_shared<TablePipeline>(train_pipeline(training, part.learn, part.learn_target, {},
                                                              checked ? &part.judge : nullptr,
                                                              checked ? &part.judge_target : nullptr));
  std::vector<double> answers = model->predict(part.judge, threads_each_);
  std::lock_guard lock(mutex_);
  keep_answers(heat, fold, answers);
  heat.models[fold] = std::move(model);
  heat.seconds += seconds_since_start() - began;
  return ++heat.done == folds_;
}

void Race::keep_answers(Heat& heat, std::size_t fold, std::span<const double> answers) const {
  for (std::size_t i = 0; i < heat.split->parts[fold].judge.rows(); i++) {
    std::size_t row = folds_ == 1 ? i : heat.split->folds[fold].judge[i];
    std::copy_n(&answers[i * outputs_], outputs_, &heat.answers[row * outputs_]);
  }
}

// A training that stopped where its rows liked it best looks better on them than on others, and beside learners that
// never saw theirs: it is judged at the round that the other folds would have told it.
void Race::judge_fairly(Heat& heat) const {
  double sum = 0, count = 0;
  for (auto& trace : heat.traces)
    if (trace.kept > 0) sum += static_cast<double>(trace.kept), count++;
  for (std::size_t fold = 0; count > 1 && fold < folds_; fold++) {
    auto& trace = heat.traces[fold];
    if (trace.kept == 0) continue;
    auto told = static_cast<std::size_t>(std::lround((sum - static_cast<double>(trace.kept)) / (count - 1)));
    auto& answers = trace.answers[std::min(told, trace.answers.size()) - 1];
    keep_answers(heat, fold, std::vector<double>(answers.begin(), answers.end()));
  }
  heat.traces.clear();
}

void Race::merge(Entry& entry, Heat& heat) {
  double before = static_cast<double>(entry.splits - (confirms() ? 1 : 0));
  for (std::size_t i = 0; i < entry.answers.size(); i++)
    entry.answers[i] = (entry.answers[i] * before + heat.answers[i]) / (before + 1);
  if (entry.splits++ < kept_splits) entry.models.insert(entry.models.end(), heat.models.begin(), heat.models.end());
  entry.seconds += heat.seconds;
  entry.score = objective_.score(truth_, entry.answers);
}

void Race::finish(Heat& heat, const std::function<void(const Entry&)>& told) {
  judge_fairly(heat);
  double score = objective_.score(truth_, heat.answers);
  std::lock_guard lock(mutex_);
  if (!std::isfinite(score)) {
    failed_.push_back({heat.candidate.name, "its answers have no " + objective_.name(), "another --metric may fit"});
  } else if (heat.again) {
    merge(entries_[*heat.again], heat);
    told(entries_[*heat.again]);
  } else {
    if (former_) former_->observe(heat.candidate.name, skill_of(target_, truth_, heat.answers), heat.seconds);
    entries_.push_back({.candidate = heat.candidate,
                        .stack = heat.candidate.sees == Sees::table ? nullptr : stack_,
                        .models = std::move(heat.models),
                        .answers = std::move(heat.answers),
                        .score = score,
                        .first_score = score,
                        .seconds = heat.seconds,
                        .finished = seconds_since_start() - began_});
    told(entries_.back());
  }
}

void Race::lose(Heat& heat, const std::string& why, const std::string& hint) {
  std::lock_guard lock(mutex_);
  if (!heat.lost) failed_.push_back({heat.candidate.name, why, hint});
  heat.lost = true;
}

void Race::work(const std::function<void(const Entry&)>& told) {
  std::size_t fold = 0;
  while (auto heat = next_job(&fold)) {
    try {
      if (!train_fold(*heat, fold) || heat->lost) continue;  // that of the last fold finishes it
      // What was cut by the end of all time says nothing about the candidate.
      if (over() && heat->candidate.checked && has_entries()) continue;
      finish(*heat, told);
    } catch (const Error& error) {  // this learner cannot do this table: the others go on
      lose(*heat, error.what(), error.hint);
    } catch (const std::exception& error) {
      lose(*heat, error.what(), "");
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
