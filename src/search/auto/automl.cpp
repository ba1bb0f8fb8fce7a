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

std::vector<Member> choose_members(const Race& race, double& score, const std::function<bool()>& stop) {
  auto chosen = contenders(race);
  std::vector<std::span<const double>> answers;
  for (auto* entry : chosen) answers.push_back(entry->answers);
  auto judged = [&](std::span<const double> mean) { return race.objective().score(race.truth(), mean); };
  Ensemble ensemble = select_ensemble(answers, judged, 40, stop);
  score = ensemble.score;
  std::vector<Member> members;
  for (std::size_t i = 0; i < chosen.size(); i++)
    if (ensemble.weights[i] > 0) members.push_back({chosen[i], ensemble.weights[i]});
  std::stable_sort(members.begin(), members.end(), [](auto& a, auto& b) { return a.weight > b.weight; });
  return members;
}

EnsembleModel model_of(const std::vector<Member>& members) {
  double all = 0;
  for (auto& member : members) all += member.weight;
  std::vector<EnsembleMember> parts;
  for (auto& member : members)
    for (auto& model : member.entry->models)
      parts.push_back({model, member.weight / all / static_cast<double>(member.entry->models.size())});
  return EnsembleModel(std::move(parts));
}

// Milliseconds for one row on one core: the median of several.
double latency_of(const TableExport& exported, const Table& table) {
  Session session = Session::from_bytes(exported.bytes, 1);
  std::vector<double> times;
  for (std::size_t i = 0; i < 21; i++) {
    std::size_t row = i * table.rows() / 21;
    auto tensors = table_tensors(table, exported.columns, std::span(&row, 1));
    double began = seconds_since_start();
    session.run(tensors);
    times.push_back(1000 * (seconds_since_start() - began));
  }
  std::nth_element(times.begin(), times.begin() + 10, times.end());
  return times[10];
}

// Roughly what the trees of a member weigh in a file; what has none weighs nothing to speak of.
double megabytes_of(const Member& member, std::size_t outputs) {
  double nodes = 0;
  for (auto& model : member.entry->models) {
    json::object about = model->fitted().about();
    double rounds = find_number(about, "rounds").value_or(0);
    double leaves = find_number(member.entry->candidate.options, "leaves").value_or(31);
    nodes += rounds * leaves * 2 * static_cast<double>(outputs > 2 ? outputs : 1);
  }
  return nodes * 60e-6;
}

struct Written {
  TableExport exported;
  double latency_ms = 0;
  std::size_t left_out = 0;
};

// While it is too slow or too large, the member that weighs least in the answers goes.
Written write_model(std::vector<Member>& members, const Table& table, const Target& target, const AutoRequest& request,
                    const json::object& lineage, const std::string& about) {
  std::size_t outputs = problem_of(target).outputs();
  double most_megabytes = request.megabytes > 0 ? request.megabytes : 150;
  Written written;
  auto estimated = [&] {
    double sum = 0;
    for (auto& member : members) sum += megabytes_of(member, outputs);
    return sum;
  };
  while (members.size() > 1 && estimated() > most_megabytes) members.pop_back(), written.left_out++;
  std::vector<std::size_t> some;
  for (std::size_t i = 0, count = std::min<std::size_t>(100, table.rows()); i < count; i++)
    some.push_back(i * table.rows() / count);
  Table examples = table.take(some);
  while (true) {
    EnsembleModel model = model_of(members);
    written.exported = export_table_model(model, target, examples, lineage, about, request.threads);
    written.latency_ms = latency_of(written.exported, table);
    bool slow = request.latency_ms > 0 && written.latency_ms > request.latency_ms;
    bool large = request.megabytes > 0 && static_cast<double>(written.exported.bytes.size()) > 1e6 * most_megabytes;
    if (!slow && !large) return written;
    if (members.size() > 1) {
      members.pop_back();
    } else {
      throw Error(Code::invalid,
                  "the smallest model found takes " + number(written.latency_ms) + " ms for a row and " +
                      number(static_cast<double>(written.exported.bytes.size()) / 1e6) + " MB",
                  "allow more with --latency or --megabytes, or learn with `gyre train table --learner linear`");
    }
    written.left_out++;
  }
}

json::object scores_of(const Race& race, const Target& target, const std::vector<Member>& members) {
  std::vector<double> mean(members[0].entry->answers.size());
  double all = 0;
  for (auto& member : members) all += member.weight;
  for (auto& member : members)
    for (std::size_t i = 0; i < mean.size(); i++) mean[i] += member.weight / all * member.entry->answers[i];
  if (target.task == Task::regress) return regression_scores(race.truth(), mean);
  return classification_scores({race.truth(), mean, target.classes()});
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
  double end = request.began + request.budget;
  double reserve = std::clamp(0.12 * request.budget, 0.5, 20.0);  // to choose the ensemble, write and check the file
  std::size_t folds = request.folds ? request.folds : usual_folds(table.rows());
  Objective objective(request.metric, target);
  Race race(table, target, objective,
            {.folds = folds,
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
  double score = 0;
  double choose_until = end - reserve / 2;
  auto members = choose_members(race, score, [&] { return seconds_since_start() > choose_until; });
  std::string about = std::string(target.task == Task::classify ? "Tells which label of \"" : "Tells the value of \"") +
                      target.column + "\" a row of a table has; an ensemble found by gyre auto.";
  Written written = write_model(members, table, target, request, lineage, about);

  const Entry* first = &race.entries()[0];
  for (auto& entry : race.entries())
    if (entry.candidate.name == "lightgbm") first = &entry;
  json::array list, failed;
  for (auto& member : members) {
    json::object row = to_json(member.entry->candidate);
    row["weight"] = member.weight;
    row["score"] = objective.shown(member.entry->score);
    list.push_back(std::move(row));
  }
  for (auto& one : race.failed()) failed.push_back({{"name", one.name}, {"why", one.why}});
  std::string judged_by = race.folds() > 1 ? std::to_string(race.folds()) + "-fold cross-validation"
                                           : std::to_string(race.truth().size()) + " rows held back";
  json::object report{{"about", about},
                      {"task", name_of(target.task)},
                      {"metric", objective.name()},
                      {"score", objective.shown(score)},
                      {"default_score", objective.shown(first->score)},
                      {"rows", static_cast<std::int64_t>(table.rows())},
                      {"columns", static_cast<std::int64_t>(table.columns.size())},
                      {"judged_by", judged_by},
                      {"members", list},
                      {"scores", scores_of(race, target, members)},
                      {"leaderboard", leaderboard_of(race)},
                      {"failed", failed},
                      {"latency_ms", written.latency_ms},
                      {"megabytes", static_cast<double>(written.exported.bytes.size()) / 1e6},
                      {"left_out_members", static_cast<std::int64_t>(written.left_out)},
                      {"onnx_difference", written.exported.difference},
                      {"seconds", seconds_since_start() - request.began}};
  return {std::move(written.exported), std::move(report)};
}

}  // namespace gyre
