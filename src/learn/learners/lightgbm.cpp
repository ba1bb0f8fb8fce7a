#include "learn/boosting/lightgbm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/awake_cores.hpp"
#include "learn/boosting/monotone.hpp"

namespace gyre {

namespace {

struct Options {
  std::string boosting = "gbdt";
  std::int64_t rounds = 100;
  double rate = 0.1;
  std::int64_t leaves = 31;
  std::int64_t depth = 0;
  std::int64_t min_rows = 20;
  double min_weight = 1e-3;
  double min_gain = 0;
  double row_share = 1;
  double feature_share = 1;
  double l1 = 0;
  double l2 = 0;
  std::int64_t bins = 255;
  std::int64_t patience = 50;
  std::string loss = "squared";
  double level = 0.5;
  bool extra = false;
  double path_smooth = 0;
  std::vector<std::string> monotone;
};

const std::vector<Field> fields{
    field("boosting", &Options::boosting, "how trees follow each other", {.choices = {"gbdt", "dart", "rf"}}),
    field("rounds", &Options::rounds, "trees for each output at most", {.min = 1, .max = 100000}),
    field("rate", &Options::rate, "how far each tree goes", {.min = 1e-4, .max = 1}),
    field("leaves", &Options::leaves, "leaves of a tree at most", {.min = 2, .max = 65536}),
    field("depth", &Options::depth, "levels of a tree at most; 0: as many as the leaves make", {.min = 0, .max = 64}),
    field("min-rows", &Options::min_rows, "rows in a leaf at least", {.min = 0, .max = 1e9}),
    field("min-weight", &Options::min_weight, "sum of second derivatives in a leaf at least", {.min = 0}),
    field("min-gain", &Options::min_gain, "gain of a split at least", {.min = 0}),
    field("row-share", &Options::row_share, "share of the rows that each tree sees", {.min = 0.01, .max = 1}),
    field("feature-share", &Options::feature_share, "share of the features that each tree sees",
          {.min = 0.01, .max = 1}),
    field("l1", &Options::l1, "penalty on sizes of leaves", {.min = 0}),
    field("l2", &Options::l2, "penalty on squares of leaves", {.min = 0}),
    field("bins", &Options::bins, "values that a feature is cut into at most", {.min = 2, .max = 65535}),
    field("patience", &Options::patience, "rounds without a better check before it stops", {.min = 1, .max = 100000}),
    field("loss", &Options::loss, "what regression makes small",
          {.choices = {"squared", "absolute", "huber", "quantile", "poisson", "gamma", "tweedie"}}),
    field("level", &Options::level, "of the quantile", {.min = 0.001, .max = 0.999}),
    field("extra", &Options::extra, "extremely random trees: one random threshold for each feature"),
    field("path-smooth", &Options::path_smooth, "how much a small leaf leans on its parent", {.min = 0}),
    field("monotone", &Options::monotone, "features the answer only rises (NAME=1) or falls (NAME=-1) with"),
};

std::string objective(const Options& options, const Problem& problem) {
  if (problem.task == Task::classify) return problem.classes == 2 ? "binary" : "multiclass";
  if (options.loss == "squared") return "regression";
  if (options.loss == "absolute") return "regression_l1";
  return options.loss;
}

std::string metric(const Options& options, const Problem& problem) {
  if (problem.task == Task::classify) return problem.classes == 2 ? "binary_logloss" : "multi_logloss";
  return options.loss == "squared" ? "l2" : options.loss == "absolute" ? "l1" : options.loss;
}

Link link(const Options& options, const Problem& problem) {
  if (problem.task == Task::classify) return problem.classes == 2 ? Link::sigmoid : Link::softmax;
  bool logarithmic = options.loss == "poisson" || options.loss == "gamma" || options.loss == "tweedie";
  return logarithmic ? Link::exponential : Link::none;
}

std::string text(double value) { return json::serialize(json::value(value)); }

// LightGBM looks for features that are never both other than 0, to take them for one: a search through all pairs,
// hopeless among many features that are seldom 0.
bool can_be_bundled(const Matrix& sample) {
  constexpr std::size_t few_features = 2000, some_rows = 100;
  if (sample.columns <= few_features) return true;
  std::size_t rows = std::min(sample.rows, some_rows), zeros = 0;
  for (std::size_t i = 0; i < rows; i++) {
    auto row = sample.row(i * sample.rows / rows);
    zeros += static_cast<std::size_t>(std::count(row.begin(), row.end(), 0.0f));
  }
  return zeros * 5 > rows * sample.columns * 4;
}

BoosterParameters parameters(const Options& options, const Problem& problem, const Matrix& sample, std::size_t rows,
                             const TrainingContext& context) {
  auto& features = sample.features;
  BoosterParameters result{{"objective", objective(options, problem)},
                           {"metric", metric(options, problem)},
                           {"boosting", options.boosting},
                           {"learning_rate", text(options.rate)},
                           {"num_leaves", std::to_string(options.leaves)},
                           {"max_depth", std::to_string(options.depth ? options.depth : -1)},
                           {"min_data_in_leaf", std::to_string(options.min_rows)},
                           {"min_sum_hessian_in_leaf", text(options.min_weight)},
                           {"min_gain_to_split", text(options.min_gain)},
                           {"bagging_fraction", text(options.row_share)},
                           {"bagging_freq", options.row_share < 1 ? "1" : "0"},
                           {"feature_fraction", text(options.feature_share)},
                           {"lambda_l1", text(options.l1)},
                           {"lambda_l2", text(options.l2)},
                           {"max_bin", std::to_string(options.bins)},
                           {"extra_trees", options.extra ? "true" : "false"},
                           {"path_smooth", text(options.path_smooth)},
                           {"seed", std::to_string(context.seed % 2147483647)},
                           {"num_threads", std::to_string(context.threads)},
                           {"deterministic", "true"},
                           {"verbosity", "-1"}};
  // The same file from the same seed needs one way to build histograms; few features of many rows go by rows.
  result[features.size() <= 64 && rows > 50'000 ? "force_row_wise" : "force_col_wise"] = "true";
  if (!can_be_bundled(sample)) result["enable_bundle"] = "false";
  if (problem.task == Task::classify && problem.classes > 2) result["num_class"] = std::to_string(problem.classes);
  if (options.loss == "quantile" || options.loss == "huber") result["alpha"] = text(options.level);
  if (auto list = monotone_list(options.monotone, features); !list.empty()) result["monotone_constraints"] = list;
  if (options.boosting == "rf" && options.row_share >= 1) {
    result["bagging_fraction"] = "0.632";
    result["bagging_freq"] = "1";
  }
  return result;
}

std::unique_ptr<Fitted> grow(const Options& options, const Problem& problem, const BoosterParameters& words,
                             const BoosterData& data, const BoosterData* check, std::size_t features,
                             const TrainingContext& context) {
  // Its threads wait for each other thousands of times a second: sleeping and waking cost a tenth of all time.
  FileHandle awake = context.threads > 1 ? keep_cores_awake() : FileHandle();
  Booster booster(data, words);
  if (check) booster.check_with(*check);
  // Trees of dart are changed by those that follow: it cannot go back to the best.
  bool goes_back = check && options.boosting != "dart";
  CheckTrace* trace = goes_back ? context.trace : nullptr;
  double best = std::numeric_limits<double>::infinity();
  std::int64_t best_round = 0, round = 0;
  while (round < options.rounds && !context.stop()) {
    if (!booster.update()) break;
    round++;
    if (!check) continue;
    if (trace) {
      auto answers = booster.check_answers(problem.outputs());
      trace->answers.emplace_back(answers.begin(), answers.end());
    }
    double loss = booster.evaluate().at(0);
    if (loss < best) best = loss, best_round = round;
    if (round - best_round >= options.patience) break;
  }
  std::int64_t taken = goes_back && best_round > 0 ? best_round : round;
  if (trace) trace->kept = static_cast<std::size_t>(taken);
  std::size_t sums = problem.task == Task::classify && problem.classes > 2 ? problem.classes : 1;
  auto trees = std::make_unique<TreeEnsemble>(
      trees_from_text(booster.text(static_cast<int>(taken ? taken : -1)), features, sums, link(options, problem)));
  trees->set_about({{"rounds", taken}, {"rounds_made", round}});
  return trees;
}

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  auto words = parameters(options, problem, *examples.features, examples.rows(), context);
  BoosterData data(examples, words);
  std::optional<BoosterData> check;
  if (context.has_check()) check.emplace(context.check, words, &data);
  return grow(options, problem, words, data, check ? &*check : nullptr, examples.features->columns, context);
}

std::unique_ptr<Fitted> train_stream(const Options& options, const Problem& problem, ExampleStream& examples,
                                     ExampleStream* check_examples, const TrainingContext& context) {
  auto words = parameters(options, problem, examples.sample(), examples.rows(), context);
  BoosterData data(examples, words);
  std::optional<BoosterData> check;
  if (check_examples) check.emplace(*check_examples, words, &data);
  return grow(options, problem, words, data, check ? &*check : nullptr, examples.sample().columns, context);
}

}  // namespace

extern const Learner learner_lightgbm;
const Learner learner_lightgbm = learner<Options>(
    {.name = "lightgbm",
     .title = "Boosted trees (LightGBM)",
     .help = "Trees that each mend what those before it got wrong: strong on most tables, takes holes as they are.",
     .tasks = {Task::classify, Task::regress},
     .wants = {.categories = true, .check = true},
     .fields = fields},
    train, train_stream);

}  // namespace gyre
