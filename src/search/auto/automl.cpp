#include "search/auto/automl.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/clock.hpp"
#include "model/session.hpp"
#include "search/auto/ensemble.hpp"
#include "search/auto/ensemble_model.hpp"

namespace gyre {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

struct Member {
  const Entry* entry;
  double weight;
  std::size_t models;  // of the folds, so many
};

// The best, and the best of each kind of learner: others would only cost time.
std::vector<const Entry*> contenders(const Race& race) {
  std::vector<const Entry*> all;
  for (auto& entry : race.entries()) all.push_back(&entry);
  std::stable_sort(all.begin(), all.end(), [](auto* a, auto* b) { return a->score > b->score; });
  std::map<std::string, int> of_kind;
  std::vector<const Entry*> chosen;
  for (auto* entry : all)
    if (of_kind[entry->candidate.learner->name]++ < 2 || chosen.size() < 24) chosen.push_back(entry);
  return chosen;
}

std::vector<Member> choose_members(const Race& race, std::uint64_t seed, const std::function<bool()>& stop) {
  auto chosen = contenders(race);
  std::vector<std::span<const double>> answers;
  for (auto* entry : chosen) answers.push_back(entry->answers);
  auto judged = [&](std::span<const double> mean) { return race.objective().score(race.truth(), mean); };
  Ensemble ensemble = select_bagged_ensemble(answers, judged, 30, 8, seed, stop);
  static constexpr double least_weight = 0.01;  // below, a member costs more than it brings
  std::vector<Member> members;
  for (std::size_t i = 0; i < chosen.size(); i++)
    if (ensemble.weights[i] > least_weight)
      members.push_back({chosen[i], ensemble.weights[i], chosen[i]->models.size()});
  std::stable_sort(members.begin(), members.end(), [](auto& a, auto& b) { return a.weight > b.weight; });
  return members;
}

EnsembleModel model_of(const std::vector<Member>& members) {
  double all = 0;
  for (auto& member : members) all += member.weight;
  std::vector<EnsembleMember> parts;
  for (auto& member : members)
    for (std::size_t i = 0; i < member.models; i++)
      parts.push_back({member.entry->models[i], member.weight / all / static_cast<double>(member.models)});
  return EnsembleModel(std::move(parts));
}

// Milliseconds for one row on one core: the median of several.
double latency_of(const TableExport& exported) {
  Session session = Session::from_bytes(exported.bytes, 1);
  std::vector<double> times;
  for (std::size_t i = 0; i < 21; i++) {
    double began = seconds_since_start();
    session.run(exported.example);
    times.push_back(1000 * (seconds_since_start() - began));
  }
  std::nth_element(times.begin(), times.begin() + 10, times.end());
  return times[10];
}

// Roughly what the trees of a member weigh in a file; what has none weighs nothing to speak of.
double megabytes_of(const Member& member, std::size_t outputs, std::size_t rows) {
  auto& options = member.entry->candidate.options;
  double nodes = 0, sums = static_cast<double>(outputs > 2 ? outputs : 1);
  for (std::size_t i = 0; i < member.models; i++) {
    double rounds = find_number(member.entry->models[i]->fitted().about(), "rounds").value_or(0);
    if (auto trees = find_number(options, "trees"))  // deep ones, a leaf for each few rows; all labels in one tree
      nodes += *trees * (static_cast<double>(rows) / 3) * sums;
    else if (auto leaves = find_number(options, "leaves"))
      nodes += rounds * *leaves * 2 * sums;
    else if (auto depth = find_number(options, "depth"))
      nodes += rounds * std::min(std::exp2(*depth), static_cast<double>(rows) / 3) * sums;
  }
  return nodes * 50e-6;
}

static constexpr double most_work = 150;  // megabytes or so: larger models are no use to anyone

struct Written {
  TableExport exported;
  double latency_ms = 0;
  bool reduced = false;
};

// One step towards a smaller model: the lightest member goes where it hardly counts, else a fold's model of the member
// that takes most room for its weight, else a member. False: there is nothing left to leave out.
bool reduce(std::vector<Member>& members, std::size_t outputs, std::size_t rows) {
  if (members.size() > 1 && members.back().weight < 0.06) return members.pop_back(), true;
  auto room = [&](const Member& member) {
    return member.models > 1 ? (1e-6 + megabytes_of(member, outputs, rows)) / member.weight : -1;
  };
  auto largest = std::max_element(members.begin(), members.end(), [&](auto& a, auto& b) { return room(a) < room(b); });
  if (largest->models > 1) return largest->models--, true;
  if (members.size() > 1) return members.pop_back(), true;
  return false;
}

// How much there is to write, read back and check: megabytes, and what each model costs however small it is.
double work_of(const std::vector<Member>& members, std::size_t outputs, std::size_t rows) {
  double sum = 0;
  for (auto& member : members) sum += megabytes_of(member, outputs, rows) + 0.03 * static_cast<double>(member.models);
  return sum;
}

// The model as a file: small enough to be written in the time that is left, and within the limits that were given.
Written write_model(std::vector<Member>& members, const Table& table, const Target& target, const AutoRequest& request,
                    const json::object& lineage, const std::string& about) {
  std::size_t outputs = problem_of(target).outputs();
  std::vector<std::size_t> some;
  for (std::size_t i = 0, count = std::min<std::size_t>(100, table.rows()); i < count; i++)
    some.push_back(i * table.rows() / count);
  Table examples = table.take(some);
  Written written;
  auto write = [&](const std::vector<Member>& some) {
    EnsembleModel model = model_of(some);
    if (request.history)
      return export_history_model(model, target, *request.history, examples, lineage, about, request.threads);
    return export_table_model(model, target, examples, lineage, about, request.threads);
  };
  auto estimated = [&] { return work_of(members, outputs, table.rows()); };
  // How quick this machine is just now is seen by writing one model.
  std::vector<Member> probe(members.begin(), members.begin() + 1);
  probe[0].models = 1;
  double began = seconds_since_start();
  write(probe);
  double now = seconds_since_start(), left = request.began + request.budget - now;
  double limit = std::max(4.0, 0.5 * left * work_of(probe, outputs, table.rows()) / (now - began));
  if (request.megabytes > 0) limit = std::min(limit, request.megabytes);
  while (estimated() > std::min(limit, most_work) && reduce(members, outputs, table.rows())) written.reduced = true;
  while (true) {
    written.exported = write(members);
    written.latency_ms = latency_of(written.exported);
    double megabytes = static_cast<double>(written.exported.bytes.size()) / 1e6;
    bool slow = request.latency_ms > 0 && written.latency_ms > request.latency_ms;
    bool large = request.megabytes > 0 && megabytes > request.megabytes;
    if (!slow && !large) return written;
    // Far from the limit several steps are made at once: each try costs a whole export.
    double over =
        std::max(slow ? written.latency_ms / request.latency_ms : 1, large ? megabytes / request.megabytes : 1);
    double wanted = estimated() / over;
    written.reduced = true;
    do {
      if (!reduce(members, outputs, table.rows()))
        throw Error(Code::invalid,
                    "the smallest model found takes " + number(written.latency_ms) + " ms for a row and " +
                        number(megabytes) + " MB",
                    "allow more with --latency or --megabytes, or learn with `gyre train table --learner linear`");
    } while (estimated() > wanted);
  }
}

// The members' answers to the rows that none of their models saw.
std::vector<double> judged_answers(const std::vector<Member>& members) {
  std::vector<double> mean(members[0].entry->answers.size());
  double all = 0;
  for (auto& member : members) all += member.weight;
  for (auto& member : members)
    for (std::size_t i = 0; i < mean.size(); i++) mean[i] += member.weight / all * member.entry->answers[i];
  return mean;
}

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
    row["seconds"] = entry->seconds;
    row["finished"] = entry->finished;
    list.push_back(std::move(row));
  }
  return list;
}

}  // namespace

AutoOutcome find_model(const Table& table, const Target& target, const AutoRequest& request,
                       const json::object& lineage, const AutoEvents& events) {
  double end = request.began + 0.98 * request.budget;             // others have things to do after this
  double reserve = std::clamp(0.18 * request.budget, 0.5, 25.0);  // to choose the ensemble, write and check the file
  std::size_t folds = request.folds            ? request.folds
                      : request.groups.empty() ? usual_folds(table.rows())
                                               : 5;  // rows of a group are alike: there are fewer than it seems
  Objective objective(request.metric, target);
  Race race(table, target, objective,
            {.folds = folds,
             .groups = request.groups,
             .threads = request.threads,
             .seed = request.seed,
             .deadline = end - reserve,
             .most_candidates = request.most_candidates,
             .stop = events.stop});
  double best = -HUGE_VAL;
  std::int64_t count = 0;
  race.run([&](const Entry& entry) {
    double now = seconds_since_start();
    std::string shown = number(objective.shown(entry.score));
    if (entry.score > best) {
      best = entry.score;
      events.scored(objective.shown(best), count);
      events.say(number(now - request.began) + " s: " + objective.name() + " " + shown + "  " + entry.candidate.name);
    }
    count++;
    events.progress(std::min(1.0, (now - request.began) / request.budget),
                    std::to_string(count) + " tried, " + objective.name() + " " + number(objective.shown(best)));
  });
  if (race.entries().empty()) {
    std::string why = race.failed().empty() ? "no candidate came to an end" : race.failed()[0].why;
    throw Error(Code::invalid, "nothing could be learned: " + why, "a larger --budget may help");
  }
  double choose_until = end - reserve / 2;
  auto members = choose_members(race, request.seed, [&] { return seconds_since_start() > choose_until; });
  std::string about = std::string(target.task == Task::classify ? "Tells which label of \"" : "Tells the value of \"") +
                      target.column + "\" a row of a table has; an ensemble found by gyre auto.";
  Written written = write_model(members, table, target, request, lineage, about);

  std::vector<double> answers = judged_answers(members);

  const Entry* first = &race.entries()[0];
  for (auto& entry : race.entries())
    if (entry.candidate.name == "lightgbm") first = &entry;
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
  json::object report{{"about", about},
                      {"task", name_of(target.task)},
                      {"metric", objective.name()},
                      {"score", objective.shown(objective.score(race.truth(), answers))},
                      {"default_score", objective.shown(first->score)},
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
                      {"seconds", seconds_since_start() - request.began}};
  return {std::move(written.exported), std::move(report)};
}

}  // namespace gyre
