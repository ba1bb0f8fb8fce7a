// gyre train anomaly: what usual rows look like, learned without being told which are odd.
#include "base/file.hpp"
#include "data/gather.hpp"
#include "learn/lineage.hpp"
#include "learn/unsupervised/anomaly_model.hpp"

namespace gyre {

extern const Step step_train_anomaly;

namespace {

struct Options {
  std::string learner = "isolation-forest";
  std::vector<std::string> set;
  double alarms = 0.01;
  std::string truth;
  std::string odd;
  RowOptions rows;
};

void run(const Options& options, StepContext& context) {
  auto& learner = anomaly_learner(options.learner);
  auto values = learner_options(learner, options.set);
  std::vector<std::string> aside;
  if (!options.truth.empty()) aside.push_back(options.truth);
  auto parts = read_rows(options.rows, aside, context);
  auto featuriser = features_without_target(parts.learn, "what is odd", options.rows.features);
  say_all(context, featuriser.findings());
  Matrix features = featuriser.training(parts.learn);
  TrainingContext training{
      context.threads(), static_cast<std::uint64_t>(options.rows.seed), [&] { return context.stop_requested(); }, {}};
  context.say("learning what is usual from " + counted(features.rows, "row", "rows"));
  auto fitted = learner.train(values, {}, {&features, {}, {}}, training);
  double threshold = alarm_threshold(fitted->predict(features, context.threads()), options.alarms);
  AnomalyModel model(std::move(featuriser), std::move(fitted));

  json::object given_options = given(options.rows);
  given_options["learner"] = learner.name;
  given_options["set"] = values;
  given_options["alarms"] = options.alarms;
  given_options["truth"] = options.truth;
  Signature signature{.task = "anomaly", .threshold = threshold};
  signature.about = "Tells how odd a row of a table is; learned by " + learner.title + ".";
  auto exported = export_row_model(model, signature, examples_of(parts.learn),
                                   lineage_of(step_train_anomaly, given_options, context), context.threads());
  json::object report{{"learner", learner.name},
                      {"options", values},
                      {"threshold", threshold},
                      {"learned_from", parts.learn.rows()},
                      {"held_back", parts.hold.rows()},
                      {"columns", json::value_from(exported.columns)},
                      {"features", model.featuriser().features().size()},
                      {"training", model.fitted().about()},
                      {"onnx_difference", exported.difference},
                      {"findings", json::value_from(parts.findings)},
                      {"left_out", json::value_from(model.featuriser().findings())}};
  if (parts.hold.rows() > 0) {
    OddRows odd;
    if (!options.truth.empty()) odd = odd_rows(parts.hold_aside, options.truth, options.odd);
    auto scores = anomaly_scores(model.answers(parts.hold, context.threads())[0], threshold,
                                 options.truth.empty() ? nullptr : &odd);
    for (auto& score : scores) context.metric(score.key(), score.value().to_number<double>());
    report["scores"] = std::move(scores);
  }
  write_output(context.output("report"), pretty(report) + "\n");
  write_output(context.output("model"), exported.bytes);
}

std::vector<Field> fields() {
  std::vector<Field> list{
      field("learner", &Options::learner, "how: by random cuts, by how columns go together, or by how far from others",
            {.choices = anomaly_learner_names}),
      field(
          "set", &Options::set,
          "the learner's own options: trees=200, sample=256; or share=0.9, components=0 (by the share); or clusters=8"),
      field("alarms", &Options::alarms, "share of the rows that were learned from whose score is an alarm",
            {.min = 0, .max = 0.5}),
      field("truth", &Options::truth, "a column that says which rows are odd: not learned from, it judges"),
      field("odd", &Options::odd, "the label of that column that odd rows have; else the rarer of two")};
  auto rows = row_fields(&Options::rows);
  list.insert(list.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  return list;
}

}  // namespace

const Step step_train_anomaly = step<Options>(
    {.name = "train-anomaly",
     .command = "train anomaly",
     .group = "train",
     .title = "Train to find odd rows",
     .help = "Learns what rows of a table usually look like; the model gives each row a score of how odd it is.\n\n"
             "No truth is needed; where a column knows it, --truth judges the scores by it.",
     .inputs = {{"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"model", "model", "the ONNX file"}, {"report", "report", "scores, what was odd about the table"}},
     .parallel = true},
    fields(), run);

}  // namespace gyre
