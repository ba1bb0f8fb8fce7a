// gyre validate clusters: how apart a model's clusters lie, and how they agree with labels.
#include <map>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"
#include "learn/unsupervised/cluster_scores.hpp"
#include "learn/unsupervised/k_means.hpp"
#include "model/onnx/inner_value.hpp"

namespace gyre {

namespace {

struct Options {
  std::string truth;
  std::string part = "hold";
  double hold = 0.2;
  std::int64_t most = 5000;
};

// The features of the file's own graph, beside its answers.
Session with_features(const std::filesystem::path& model) {
  Session plain(model);
  auto hint = "`gyre train clusters` makes models that this judges";
  need_signature(plain, "classify", hint);
  auto found = plain.metadata().find(features_key);
  if (found == plain.metadata().end())
    throw Error(Code::unsupported, "the model tells labels apart that it was taught, no clusters",
                "`gyre validate table` judges it");
  return Session::from_bytes(with_inner_value(read_file(model), found->second));
}

Clusters clusters_by(const std::vector<float>& probabilities, std::size_t rows) {
  Clusters clusters;
  std::size_t count = probabilities.size() / rows;
  for (std::size_t i = 0; i < rows; i++) {
    auto row = probabilities.begin() + static_cast<std::ptrdiff_t>(i * count);
    clusters.push_back(static_cast<std::size_t>(std::max_element(row, row + static_cast<std::ptrdiff_t>(count)) - row));
  }
  return clusters;
}

Clusters labels_of(const Column& column) {
  std::map<std::string, std::size_t> known;
  Clusters labels;
  for (std::size_t i = 0; i < column.rows(); i++)
    labels.push_back(known.try_emplace(column.text(i), known.size()).first->second);
  return labels;
}

void run(const Options& options, StepContext& context) {
  Session session = with_features(context.input("model"));
  Table table = part_of(read_table_for(session, context.input("table"), context), options.part, options.hold);
  say_all(context, table.findings);
  auto answers = row_answers(session, table, context);
  auto clusters = clusters_by(answers.at("probabilities"), table.rows());
  auto& values = answers.at(session.metadata().at(features_key));
  Matrix features(table.rows(), values.size() / table.rows());
  features.values = std::move(values);
  auto scores = cluster_scores(features, clusters, static_cast<std::size_t>(options.most), 1, context.threads());
  if (!options.truth.empty()) {
    auto truth = labels_of(table.get(options.truth));
    scores["adjusted_rand"] = adjusted_rand(truth, clusters);
    scores["normalised_mutual_information"] = normalised_mutual_information(truth, clusters);
  }
  for (auto& score : scores)
    if (!score.value().is_null()) context.metric(score.key(), score.value().to_number<double>());
  std::map<std::size_t, std::size_t> sizes;
  for (auto cluster : clusters) sizes[cluster]++;
  json::object rows;
  for (auto& [cluster, count] : sizes) rows["cluster " + std::to_string(cluster + 1)] = count;
  json::object report{{"model", digest_of_file(context.input("model"))},
                      {"part", options.part},
                      {"rows", table.rows()},
                      {"clusters", std::move(rows)},
                      {"scores", std::move(scores)}};
  write_output(context.output("report"), pretty(report) + "\n");
}

}  // namespace

extern const Step step_evaluate_clusters;
const Step step_evaluate_clusters = step<Options>(
    {.name = "evaluate-clusters",
     .command = "validate clusters",
     .group = "validate",
     .title = "Validate clusters",
     .help = "How apart a model's clusters lie in its own features, and how they agree with labels where a column "
             "has some.",
     .inputs = {{"model", "model", "the ONNX file"}, {"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"report", "report", "silhouette, Davies-Bouldin, Calinski-Harabasz; Rand index with labels"}},
     .parallel = true},
    {field("truth", &Options::truth, "a column with labels that the clusters are compared with"),
     field("part", &Options::part, "the rows held back from training, those trained on, or all",
           {.choices = part_choices}),
     field("hold", &Options::hold, "share held back, as in training", {.min = 0, .max = 0.9}),
     field("most", &Options::most, "rows whose silhouette is told, drawn by chance where there are more",
           {.min = 10, .max = 1e6})},
    run);

}  // namespace gyre
