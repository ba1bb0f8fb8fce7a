// gyre train survival: how long until an end, learned from rows that ended and rows that were still going on.
#include "base/file.hpp"
#include "data/gather.hpp"
#include "learn/lineage.hpp"
#include "learn/survival/failure_time.hpp"
#include "learn/table_model.hpp"
#include "learn/unsupervised/row_model.hpp"

namespace gyre {

extern const Step step_train_survival;

namespace {

struct Options {
  std::string span;
  std::string ended;
  std::string shape = "weibull";
  double penalty = 1;
  std::int64_t iterations = 500;
  RowOptions rows;
};

json::object given_options(const Options& options) {
  json::object all = given(options.rows);
  all["span"] = options.span;
  all["ended"] = options.ended;
  all["shape"] = options.shape;
  all["penalty"] = options.penalty;
  all["iterations"] = options.iterations;
  return all;
}

void run(const Options& options, StepContext& context) {
  std::vector<std::string> aside{options.span};
  if (!options.ended.empty()) aside.push_back(options.ended);
  RowParts parts = read_rows(options.rows, aside, context);
  std::vector<std::size_t> learn_rows, hold_rows;
  std::vector<std::string> findings, of_held;
  Spans learn = spans_of(parts.learn_aside, options.span, options.ended, learn_rows, findings);
  Spans hold = spans_of(parts.hold_aside, options.span, options.ended, hold_rows, of_held);
  for (auto& one : of_held) findings.push_back("of the rows held back, " + one);
  say_all(context, findings);
  parts.findings.insert(parts.findings.end(), findings.begin(), findings.end());
  Table table = parts.learn.take(learn_rows);
  Featuriser featuriser = features_without_target(table, options.span, options.rows.features);
  say_all(context, featuriser.findings());
  context.say("learning from " + counted(learn.count(), "span", "spans") + ", " + std::to_string(learn.ends()) +
              " of which ended");
  Matrix features = featuriser.training(table);
  FailureTime how{options.shape, options.penalty, static_cast<std::size_t>(options.iterations)};
  auto fitted = fit_failure_time(how, features, learn, [&] { return context.stop_requested(); });
  TablePipeline model(std::move(featuriser), std::move(fitted));
  Target target{options.span, Task::regress, {}, {}};
  auto exported = export_table_model(
      model, target, examples_of(table), lineage_of(step_train_survival, given_options(options), context),
      "Tells how long until half of the rows like this one have ended: \"" + options.span + "\".", context.threads());
  json::object report{{"learned_from", learn.count()},
                      {"held_back", hold.count()},
                      {"columns", json::value_from(exported.columns)},
                      {"features", model.featuriser().features().size()},
                      {"training", model.fitted().about()},
                      {"onnx_difference", exported.difference},
                      {"findings", json::value_from(parts.findings)},
                      {"left_out", json::value_from(model.featuriser().findings())}};
  if (hold.count() > 1) {
    auto scores = span_scores(hold, model.predict(parts.hold.take(hold_rows), context.threads()));
    for (auto& score : scores) context.metric(score.key(), score.value().to_number<double>());
    report["scores"] = std::move(scores);
  }
  write_output(context.output("report"), pretty(report) + "\n");
  write_output(context.output("model"), exported.bytes);
}

std::vector<Field> fields() {
  std::vector<Field> list{
      field("span", &Options::span, "the column that says how long each row lasted", {.required = true}),
      field("ended", &Options::ended,
            "the column that says whether it has ended; false: it was still going on, and lasts longer"),
      field("shape", &Options::shape, "how spans of alike rows lie around their middle",
            {.choices = {"weibull", "log-normal", "log-logistic"}}),
      field("penalty", &Options::penalty, "on large weights, beside the sum of the rows' losses",
            {.min = 0, .max = 1e12}),
      field("iterations", &Options::iterations, "of the solver at most", {.min = 1, .max = 100000})};
  auto rows = row_fields(&Options::rows);
  list.insert(list.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  return list;
}

}  // namespace

const Step step_train_survival = step<Options>(
    {.name = "train-survival",
     .command = "train survival",
     .group = "train",
     .title = "Train on spans until an end",
     .help = "Learns how long something lasts, from rows that ended and rows that were still going on.\n\n"
             "The model answers the median: the time at which half of the rows like this one have ended.",
     .inputs = {{"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"model", "model", "the ONNX file"}, {"report", "report", "scores, what was odd about the table"}},
     .parallel = true},
    fields(), run);

}  // namespace gyre
