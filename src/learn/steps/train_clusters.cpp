// gyre train clusters: rows that are alike, found by k-means.
#include <cmath>

#include "base/file.hpp"
#include "base/random.hpp"
#include "data/gather.hpp"
#include "learn/lineage.hpp"
#include "learn/metrics.hpp"
#include "learn/unsupervised/cluster_scores.hpp"
#include "learn/unsupervised/k_means.hpp"

namespace gyre {

extern const Step step_train_clusters;

namespace {

struct Options {
  std::int64_t clusters = 0;
  std::int64_t most = 10;
  std::int64_t restarts = 10;
  std::int64_t iterations = 300;
  double alarms = 0.01;
  RowOptions rows;
};

constexpr std::size_t most_compared = 2000;  // rows whose silhouette decides

// The number of clusters whose silhouette is best.
Centres choose(const Matrix& features, KMeansPlan plan, const Options& options, StepContext& context,
               json::object& tried) {
  Centres best;
  double best_score = -2;
  for (std::size_t count = 2; count <= static_cast<std::size_t>(options.most); count++) {
    plan.clusters = count;
    Centres centres = fit_k_means(features, plan);
    if (centres.count() < count) break;  // there are no more different rows
    auto scores =
        cluster_scores(features, clusters_of(centres, features, plan.threads), most_compared, plan.seed, plan.threads);
    tried[std::to_string(count)] = scores.at("silhouette");
    double score = scores.at("silhouette").is_null() ? -1 : scores.at("silhouette").as_double();
    if (score > best_score) best = std::move(centres), best_score = score;
    context.progress(static_cast<double>(count), static_cast<double>(options.most), "numbers of clusters");
    if (context.stop_requested()) break;
  }
  return best;
}

json::array clusters_in_words(const ClusterModel& model) {
  json::array list;
  auto names = model.names();
  auto& centres = model.centres();
  auto& features = model.featuriser().features();
  for (std::size_t c = 0; c < names.size(); c++) {
    json::object centre;
    for (std::size_t f = 0; f < features.size(); f++) centre[features[f].name] = centres.places[c * centres.width + f];
    list.push_back({{"name", names[c]}, {"rows", centres.sizes[c]}, {"centre", std::move(centre)}});
  }
  return list;
}

void run(const Options& options, StepContext& context) {
  auto parts = read_rows(options.rows, {}, context);
  auto featuriser = features_without_target(parts.learn, "which rows are alike", options.rows.features);
  say_all(context, featuriser.findings());
  Matrix features = featuriser.training(parts.learn);
  KMeansPlan plan{static_cast<std::size_t>(options.clusters), static_cast<std::size_t>(options.restarts),
                  static_cast<std::size_t>(options.iterations), static_cast<std::uint64_t>(options.rows.seed),
                  context.threads()};
  if (plan.clusters > features.rows)
    throw Error(Code::invalid,
                parts.learn.name + ": " + counted(features.rows, "row is", "rows are") + " too few for " +
                    std::to_string(plan.clusters) + " clusters",
                "fewer --clusters, or --hold 0");
  json::object tried;
  Centres centres = plan.clusters ? fit_k_means(features, plan) : choose(features, plan, options, context, tried);
  if (centres.count() < std::max<std::size_t>(plan.clusters, 2))
    throw Error(Code::invalid,
                parts.learn.name + ": its rows are only " +
                    counted(std::max<std::size_t>(centres.count(), 1), "place", "different places") +
                    " as the model sees them",
                "fewer --clusters, or other columns");
  ClusterModel model(std::move(featuriser), std::move(centres), features.rows);
  double threshold = quantile(model.answers(parts.learn, context.threads())[1], 1 - options.alarms);

  json::object given_options = given(options.rows);
  given_options["clusters"] = options.clusters;
  given_options["most"] = options.most;
  given_options["restarts"] = options.restarts;
  given_options["iterations"] = options.iterations;
  given_options["alarms"] = options.alarms;
  Signature signature{.task = "classify",
                      .labels = model.names(),
                      .threshold = std::nextafter(static_cast<float>(threshold), HUGE_VALF),
                      .about = "Tells which cluster of like rows a row of a table belongs to; found by k-means."};
  auto exported = export_row_model(model, signature, examples_of(parts.learn),
                                   lineage_of(step_train_clusters, given_options, context), context.threads());
  bool judge_held = parts.hold.rows() > model.centres().count();
  Matrix judged = judge_held ? model.featuriser().transform(parts.hold) : features;
  auto scores = cluster_scores(judged, clusters_of(model.centres(), judged, context.threads()), most_compared,
                               plan.seed, context.threads());
  for (auto& score : scores)
    if (!score.value().is_null()) context.metric(score.key(), score.value().to_number<double>());
  context.metric("clusters", static_cast<double>(model.centres().count()));
  json::object report{{"clusters", clusters_in_words(model)},
                      {"tried", std::move(tried)},
                      {"inertia", model.centres().inertia},
                      {"learned_from", parts.learn.rows()},
                      {"held_back", parts.hold.rows()},
                      {"judged_by", judge_held ? "rows held back" : "rows learned from"},
                      {"scores", std::move(scores)},
                      {"columns", json::value_from(exported.columns)},
                      {"onnx_difference", exported.difference},
                      {"findings", json::value_from(parts.findings)},
                      {"left_out", json::value_from(model.featuriser().findings())}};
  write_output(context.output("report"), pretty(report) + "\n");
  write_output(context.output("model"), exported.bytes);
}

std::vector<Field> fields() {
  std::vector<Field> list{
      field("clusters", &Options::clusters, "how many; 0: as many as lie apart best, by the silhouette",
            {.min = 0, .max = 1000}),
      field("most", &Options::most, "clusters at most, where the silhouette decides", {.min = 2, .max = 100}),
      field("restarts", &Options::restarts, "starts from other rows; the best end counts", {.min = 1, .max = 1000}),
      field("iterations", &Options::iterations, "rounds of each at most", {.min = 1, .max = 100000}),
      field("alarms", &Options::alarms, "share of the rows that lie so far from every centre that it is an alarm",
            {.min = 0, .max = 0.5})};
  auto rows = row_fields(&Options::rows);
  list.insert(list.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  return list;
}

}  // namespace

const Step step_train_clusters = step<Options>(
    {.name = "train-clusters",
     .command = "train clusters",
     .group = "train",
     .title = "Find clusters of rows",
     .help = "Finds groups of rows that are alike (k-means); the model tells which one a row belongs to.\n\n"
             "Its score says how far the row lies from the nearest centre: 1 is usual.",
     .inputs = {{"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"model", "model", "the ONNX file"}, {"report", "report", "each cluster's centre and size, scores"}},
     .parallel = true},
    fields(), run);

}  // namespace gyre
