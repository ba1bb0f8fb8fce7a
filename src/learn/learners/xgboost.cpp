#include "learn/boosting/xgboost.hpp"

#include <cmath>

#include "learn/boosting/monotone.hpp"

namespace gyre {

namespace {

struct Options {
  std::int64_t rounds = 100;
  double rate = 0.3;
  std::int64_t depth = 6;
  double min_weight = 1;
  double min_gain = 0;
  double row_share = 1;
  double feature_share = 1;
  double l1 = 0;
  double l2 = 1;
  std::int64_t bins = 256;
  std::int64_t patience = 50;
  std::string loss = "squared";
  std::vector<std::string> monotone;
};

std::string text(double value) { return json::serialize(json::value(value)); }

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  bool labels = problem.task == Task::classify, several = labels && problem.classes > 2;
  bool counts = !labels && options.loss == "poisson";
  double middle = 0;
  for (double value : examples.targets) middle += value / static_cast<double>(examples.rows());
  if (counts && !(middle > 0)) throw Error(Code::invalid, "counts are to be learned, and their mean is not positive");
  XgboostParameters parameters{{"tree_method", "hist"},
                               {"eta", text(options.rate)},
                               {"max_depth", std::to_string(options.depth)},
                               {"min_child_weight", text(options.min_weight)},
                               {"gamma", text(options.min_gain)},
                               {"subsample", text(options.row_share)},
                               {"colsample_bytree", text(options.feature_share)},
                               {"alpha", text(options.l1)},
                               {"lambda", text(options.l2)},
                               {"max_bin", std::to_string(options.bins)},
                               {"nthread", std::to_string(context.threads)},
                               {"seed", std::to_string(context.seed % 2147483647)},
                               {"base_score", labels ? "0.5" : text(middle)}};
  parameters["objective"] = several  ? "multi:softprob"
                            : labels ? "binary:logistic"
                            : counts ? "count:poisson"
                                     : "reg:squarederror";
  parameters["eval_metric"] = several ? "mlogloss" : labels ? "logloss" : counts ? "poisson-nloglik" : "rmse";
  if (auto list = monotone_list(options.monotone, examples.features->features); !list.empty())
    parameters["monotone_constraints"] = "(" + list + ")";
  if (several) parameters["num_class"] = std::to_string(problem.classes);
  Link link = several ? Link::softmax : labels ? Link::sigmoid : counts ? Link::exponential : Link::none;
  // The base score is an answer: the sums begin with what gives it.
  double base = labels ? (several ? 0.5 : 0) : static_cast<double>(static_cast<float>(middle));
  if (counts) base = std::log(base);
  return train_xgboost(parameters, {options.rounds, options.patience}, examples, context, several ? problem.classes : 1,
                       base, link);
}

}  // namespace

extern const Learner learner_xgboost;
const Learner learner_xgboost = learner<Options>(
    {.name = "xgboost",
     .title = "Boosted trees (XGBoost)",
     .help = "Boosted trees that grow level by level: another mind beside LightGBM's.",
     .tasks = {Task::classify, Task::regress},
     .wants = {.check = true},
     .fields = {field("rounds", &Options::rounds, "trees for each output at most", {.min = 1, .max = 100000}),
                field("rate", &Options::rate, "how far each tree goes", {.min = 1e-4, .max = 1}),
                field("depth", &Options::depth, "levels of a tree at most", {.min = 1, .max = 30}),
                field("min-weight", &Options::min_weight, "sum of second derivatives in a leaf at least", {.min = 0}),
                field("min-gain", &Options::min_gain, "gain of a split at least", {.min = 0}),
                field("row-share", &Options::row_share, "share of the rows that each tree sees",
                      {.min = 0.01, .max = 1}),
                field("feature-share", &Options::feature_share, "share of the features that each tree sees",
                      {.min = 0.01, .max = 1}),
                field("l1", &Options::l1, "penalty on sizes of leaves", {.min = 0}),
                field("l2", &Options::l2, "penalty on squares of leaves", {.min = 0}),
                field("bins", &Options::bins, "values that a feature is cut into at most", {.min = 2, .max = 65535}),
                field("patience", &Options::patience, "rounds without a better check before it stops",
                      {.min = 1, .max = 100000}),
                field("loss", &Options::loss, "what regression makes small", {.choices = {"squared", "poisson"}}),
                field("monotone", &Options::monotone,
                      "features the answer only rises (NAME=1) or falls (NAME=-1) with")}},
    train);

}  // namespace gyre
