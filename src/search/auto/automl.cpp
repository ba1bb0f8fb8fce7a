#include "search/auto/automl.hpp"

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "search/auto/cut.hpp"
#include "search/auto/writing.hpp"

namespace gyre {

namespace {

json::object scores_of(const Race& race, const Target& target, std::span<const double> answers) {
  if (target.task == Task::regress) return regression_scores(race.truth(), answers);
  return classification_scores({race.truth(), answers, target.classes()});
}

json::array leaderboard_of(const Race& race) {
  std::vector<const Entry*> order;
  for (auto& entry : race.entries()) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->score > b->score; });
  json::array list;
  for (auto* entry : order) {
    json::object row = to_json(entry->candidate);
    row["score"] = race.objective().shown(entry->score);
    row["splits"] = static_cast<std::int64_t>(entry->splits);
    row["seconds"] = entry->seconds;
    row["finished"] = entry->finished;
    list.push_back(std::move(row));
  }
  return list;
}

// Keeps so much time for the end, choosing and writing, as it takes: now and then the best so far are chosen and a
// model of them is written, and what that took moves the end of the race.
class Ending {
 public:
  Ending(Race& race, EnsembleWriter& writer, const AutoRequest& request)
      : race_(race),
        writer_(writer),
        budget_(request.budget),
        seed_(request.seed),
        limits_{request.began + 0.985 * request.budget, request.latency_ms, request.megabytes},
        choose_until_((race.deadline() + limits_.deadline) / 2) {
    look_again(0.4);
  }
  static double race_deadline(const AutoRequest& request) {  // until more is known
    return request.began + 0.985 * request.budget - std::clamp(0.18 * request.budget, 0.5, 25.0);
  }
  const WritingLimits& limits() const { return limits_; }

  void look() {
    double now = seconds_since_start();
    if (now < next_look_) return;
    auto members = choose_members(race_, 0, seed_, [&] { return seconds_since_start() > now + 0.05 * budget_; });
    choosing_ = (1 + bags * 0.5) * (seconds_since_start() - now);  // a bag is half of the candidates
    constexpr double growth = 1.2;  // until the race ends members are trained on further folds
    double writing = std::min(growth * writer_.seconds_for(members, limits_), 0.25 * budget_);
    choose_until_ = limits_.deadline - std::max(writing, 0.005 * budget_);
    race_.end_at(choose_until_ - std::clamp(1.2 * choosing_, 0.005 * budget_, 0.04 * budget_));
    look_again(0.6);
  }
  Chosen choose() const {
    // However late the race ended: what is chosen in a hurry wastes all that was raced for.
    double until = std::max(choose_until_, seconds_since_start() + std::min(2 * choosing_, 0.05 * budget_));
    return choose_members(race_, bags, seed_, [&] { return seconds_since_start() > until; });
  }

 private:
  static constexpr std::size_t bags = 8;
  void look_again(double share) {
    double now = seconds_since_start(), left = race_.deadline() - now;
    next_look_ = left > 0.08 * budget_ ? now + share * left : HUGE_VAL;
  }

  Race& race_;
  EnsembleWriter& writer_;
  double budget_;
  std::uint64_t seed_;
  WritingLimits limits_;
  double choosing_ = 0;  // seconds it took, as seen last
  double choose_until_, next_look_ = 0;
};

Adjustment adjustment_of(const Race& race, const Target& target, std::span<const double> answers, std::uint64_t seed) {
  auto& objective = race.objective();
  Adjustment adjustment;
  if (objective.moves_cut()) adjustment.cut_odds = odds_of_best_cut(objective.name(), race.truth(), answers, seed);
  if (objective.wants_sharpness()) adjustment.sharpness = best_sharpness(race.truth(), answers, target.classes());
  return adjustment;
}

}  // namespace

AutoOutcome find_model(const Table& table, const Target& target, const AutoRequest& request,
                       const json::object& lineage, const AutoEvents& events) {
  std::size_t folds = request.folds            ? request.folds
                      : request.groups.empty() ? usual_folds(table.rows())
                                               : 5;  // rows of a group are alike: there are fewer than it seems
  Objective objective(request.metric, target);
  Race race(table, target, objective,
            {.folds = folds,
             .groups = request.groups,
             .threads = request.threads,
             .seed = request.seed,
             .deadline = Ending::race_deadline(request),
             .most_candidates = request.most_candidates,
             .stacks = request.latency_ms == 0 && request.megabytes == 0,  // it cannot be made smaller step by step
             .stop = events.stop});
  std::string about = std::string(target.task == Task::classify ? "Tells which label of \"" : "Tells the value of \"") +
                      target.column + "\" a row of a table has; an ensemble found by gyre auto.";
  EnsembleWriter writer(table, target, request.history, lineage, about, request.threads);
  Ending ending(race, writer, request);
  double best = -HUGE_VAL;
  std::int64_t count = 0;
  race.run([&](const Entry& entry) {
    double now = seconds_since_start();
    std::string shown = five_digits(objective.shown(entry.score));
    if (entry.score > best) {
      best = entry.score;
      events.scored(objective.shown(best), count);
      events.say(five_digits(now - request.began) + " s: " + objective.name() + " " + shown + "  " +
                 entry.candidate.name);
    }
    count++;
    events.progress(std::min(1.0, (now - request.began) / request.budget),
                    std::to_string(count) + " tried, " + objective.name() + " " + five_digits(objective.shown(best)));
    ending.look();
  });
  if (race.entries().empty()) {
    if (race.failed().empty())
      throw Error(Code::invalid, "nothing could be learned: no candidate came to an end", "a larger --budget may help");
    throw Error(Code::invalid, "nothing could be learned: " + race.failed()[0].why, race.failed()[0].hint);
  }
  double raced = seconds_since_start();
  auto members = ending.choose();
  double chosen = seconds_since_start();
  Adjustment adjustment = adjustment_of(race, target, judged_answers(members), request.seed);
  WrittenModel written = writer.write(members, adjustment, ending.limits());

  std::vector<double> answers = judged_answers(members);
  if (target.task == Task::classify) adjust(answers, target.classes(), adjustment);

  json::array list, failed;
  double all = 0;
  for (auto& member : members) all += member.weight;
  for (auto& member : members) {
    json::object row = to_json(member.entry->candidate);
    row["weight"] = member.weight / all;
    row["models"] = static_cast<std::int64_t>(member.models);
    row["score"] = objective.shown(member.entry->score);
    list.push_back(std::move(row));
  }
  for (auto& one : race.failed()) failed.push_back({{"name", one.name}, {"why", one.why}});
  std::string judged_by = race.folds() > 1 ? std::to_string(race.folds()) + "-fold cross-validation"
                                           : std::to_string(race.truth().size()) + " rows held back";
  LeftOut unused = left_out(table, members);
  json::object report{{"about", about},
                      {"task", name_of(target.task)},
                      {"metric", objective.name()},
                      {"score", objective.shown(objective.score_as_is(race.truth(), answers))},
                      {"default", "LightGBM as it comes"},
                      {"default_score", objective.shown(race.default_entry().score)},
                      {"rows", static_cast<std::int64_t>(table.rows())},
                      {"columns", static_cast<std::int64_t>(table.columns.size())},
                      {"judged_by", judged_by},
                      {"members", list},
                      {"scores", scores_of(race, target, answers)},
                      {"leaderboard", leaderboard_of(race)},
                      {"failed", failed},
                      {"latency_ms", written.latency_ms},
                      {"megabytes", static_cast<double>(written.exported.bytes.size()) / 1e6},
                      {"reduced", written.reduced},
                      {"onnx_difference", written.exported.difference},
                      {"left_out", json::value_from(unused.columns)},
                      {"findings", json::value_from(unused.findings)},
                      {"seconds", seconds_since_start() - request.began},
                      {"ended", {{"search", raced - request.began}, {"choosing", chosen - request.began}}}};
  if (objective.moves_cut())  // where it was before it became one half
    report["cut"] = adjustment.cut_odds / (1 + adjustment.cut_odds);
  if (objective.wants_sharpness()) report["sharpness"] = adjustment.sharpness;
  return {std::move(written.exported), std::move(report)};
}

}  // namespace gyre
