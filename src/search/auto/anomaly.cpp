#include "search/auto/anomaly.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "data/gather.hpp"
#include "learn/scores.hpp"
#include "learn/unsupervised/anomaly_model.hpp"
#include "search/auto/objective.hpp"

namespace gyre {

namespace {

constexpr double usual_alarms = 0.01;

// The first is the learner as it comes, which all others are measured by.
struct AnomalyPipeline {
  std::string name;
  const Learner* learner;
  std::vector<std::string> options;
};
std::vector<AnomalyPipeline> anomaly_pipelines() {
  return {{"isolation forest", &anomaly_isolation_forest, {}},
          {"principal components", &anomaly_principal_components, {}},
          {"nearest centre", &anomaly_nearest_centre, {}},
          {"isolation forest of more", &anomaly_isolation_forest, {"sample=1024", "trees=300"}},
          {"few components", &anomaly_principal_components, {"share=0.6"}},
          {"most components", &anomaly_principal_components, {"share=0.99"}},
          {"one centre", &anomaly_nearest_centre, {"clusters=1"}},
          {"many centres", &anomaly_nearest_centre, {"clusters=32", "least-share=0.005"}}};
}

AnomalyModel learn_usual(const AnomalyPipeline& pipeline, const Table& table, const AnomalyRequest& request) {
  auto featuriser = features_without_target(table, "what is odd", {});
  Matrix features = featuriser.training(table);
  auto fitted = pipeline.learner->train(learner_options(*pipeline.learner, pipeline.options), {}, {&features, {}, {}},
                                        {request.threads, request.seed, request.stop, {}});
  return {std::move(featuriser), std::move(fitted)};
}

// Rows dealt out to so many parts by chance.
std::vector<std::vector<std::size_t>> parts_of(std::size_t rows, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(rows);
  for (std::size_t i = 0; i < rows; i++) order[i] = i;
  Random random(seed);
  random.shuffle(order);
  std::vector<std::vector<std::size_t>> parts(count);
  for (std::size_t i = 0; i < rows; i++) parts[i % count].push_back(order[i]);
  for (auto& part : parts) std::sort(part.begin(), part.end());
  return parts;
}

// Each row is scored by a model that did not learn from it; places among the scores of its part are comparable.
std::vector<double> unseen_places(const AnomalyPipeline& pipeline, const Table& table, const AnomalyRequest& request) {
  constexpr std::size_t count = 5;
  auto parts = parts_of(table.rows(), count, request.seed);
  std::vector<double> places(table.rows());
  for (std::size_t p = 0; p < count; p++) {
    std::vector<std::size_t> others;
    for (std::size_t q = 0; q < count; q++)
      if (q != p) others.insert(others.end(), parts[q].begin(), parts[q].end());
    std::sort(others.begin(), others.end());
    auto scores = learn_usual(pipeline, table.take(others), request).scores(table.take(parts[p]), request.threads);
    auto sorted = scores;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < scores.size(); i++) {
      auto [from, to] = std::equal_range(sorted.begin(), sorted.end(), scores[i]);
      double place = static_cast<double>((from - sorted.begin()) + (to - sorted.begin())) / 2;
      places[parts[p][i]] = place / static_cast<double>(scores.size());
    }
  }
  return places;
}

// Two models, learned from rows of which none is the other's, score rows that are neither's: by how much they put them
// in the same order.
double stability(const AnomalyPipeline& pipeline, const Table& table, const AnomalyRequest& request) {
  auto parts = parts_of(table.rows(), 3, request.seed);
  Table judge = table.take(parts[2]);
  auto one = learn_usual(pipeline, table.take(parts[0]), request).scores(judge, request.threads);
  auto other = learn_usual(pipeline, table.take(parts[1]), request).scores(judge, request.threads);
  double found = spearman(one, other);
  return std::isnan(found) ? 0 : found;
}

struct JudgedPipeline {
  AnomalyPipeline pipeline;
  double score = 0;
  json::object scores{};
};

JudgedPipeline judge(const AnomalyPipeline& pipeline, const Table& table, const OddRows* odd,
                     const AnomalyRequest& request) {
  JudgedPipeline judged{pipeline};
  if (odd) {
    double share = static_cast<double>(odd->count()) / static_cast<double>(table.rows());
    judged.scores = anomaly_scores(unseen_places(pipeline, table, request), 1 - share, odd);
    judged.score = find_number(judged.scores, "auc").value_or(0);
  } else {
    judged.score = stability(pipeline, table, request);
    judged.scores["stability"] = judged.score;
  }
  return judged;
}

}  // namespace

AutoAnomaly find_anomaly_model(const Table& table, const OddRows* odd, const AnomalyRequest& request,
                               const json::object& lineage) {
  constexpr std::size_t least_rows = 15;  // five parts that each have a few
  if (table.rows() < least_rows)
    throw Error(Code::invalid,
                table.name + ": " + counted(table.rows(), "row does", "rows do") + " not say what is usual",
                "bring " + std::to_string(least_rows) + " or more");
  std::string metric = odd ? "auc" : "stability";
  std::vector<JudgedPipeline> all;
  for (auto& pipeline : anomaly_pipelines()) {
    if (request.stop() && !all.empty()) break;
    all.push_back(judge(pipeline, table, odd, request));
    request.say(metric + " " + five_digits(all.back().score) + "  " + pipeline.name);
  }
  double default_score = all[0].score;
  std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.score > b.score; });
  auto& best = all[0];
  AnomalyModel model = learn_usual(best.pipeline, table, request);
  double alarms = odd ? static_cast<double>(odd->count()) / static_cast<double>(table.rows()) : usual_alarms;
  double threshold = alarm_threshold(model.scores(table, request.threads), alarms);
  Signature signature{.task = "anomaly", .threshold = threshold};
  signature.about = "Tells how odd a row of a table is; found by gyre auto.";
  auto exported = export_row_model(model, signature, examples_of(table), lineage, request.threads);
  json::array leaderboard, members;
  for (auto& one : all)
    leaderboard.push_back({{"name", one.pipeline.name}, {"learner", one.pipeline.learner->name}, {"score", one.score}});
  members.push_back({{"name", best.pipeline.name},
                     {"learner", best.pipeline.learner->name},
                     {"options", learner_options(*best.pipeline.learner, best.pipeline.options)},
                     {"weight", 1},
                     {"score", best.score}});
  auto findings = table.findings;
  for (auto& column : model.featuriser().left_out()) findings.push_back(column.text());
  return {std::move(exported.bytes),
          {{"about", signature.about},
           {"task", "anomaly"},
           {"metric", metric},
           {"score", best.score},
           {"default", anomaly_pipelines()[0].name},
           {"default_score", default_score},
           {"rows", table.rows()},
           {"columns", table.columns.size()},
           {"judged_by", odd ? "5-fold cross-validation, by labels that were not learned from"
                             : "two models of different rows, on rows that neither saw"},
           {"members", members},
           {"scores", best.scores},
           {"leaderboard", leaderboard},
           {"threshold", threshold},
           {"alarms", alarms},
           {"findings", json::value_from(findings)},
           {"onnx_difference", exported.difference},
           {"megabytes", static_cast<double>(exported.bytes.size()) / 1e6}}};
}

}  // namespace gyre
