// gyre validate anomaly: a model's scores of oddness on rows that are known to be odd or usual.
#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"
#include "learn/unsupervised/anomaly.hpp"
#include "learn/unsupervised/row_model.hpp"

namespace gyre {

namespace {

struct Options {
  std::string truth;
  std::string odd;
  std::string part = "hold";
  double hold = 0.2;
};

void run(const Options& options, StepContext& context) {
  Session session(context.input("model"));
  auto signature = need_signature(session, "anomaly", "`gyre train anomaly` makes models that this judges");
  Table table = part_of(read_table_for(session, context.input("table"), context), options.part, options.hold);
  say_all(context, table.findings);
  auto answers = row_answers(session, table, context);
  std::vector<double> scores(answers.at("score").begin(), answers.at("score").end());
  OddRows odd;
  if (!options.truth.empty()) odd = odd_rows(table, options.truth, options.odd);
  auto judged = anomaly_scores(scores, signature.threshold, options.truth.empty() ? nullptr : &odd);
  for (auto& score : judged) context.metric(score.key(), score.value().to_number<double>());
  json::object report{{"model", digest_of_file(context.input("model"))},
                      {"part", options.part},
                      {"rows", table.rows()},
                      {"threshold", signature.threshold},
                      {"scores", std::move(judged)}};
  if (!options.truth.empty()) {
    report["odd"] = odd.label;
    report["odd_rows"] = odd.count();
  }
  write_output(context.output("report"), pretty(report) + "\n");
}

}  // namespace

extern const Step step_evaluate_anomaly;
const Step step_evaluate_anomaly = step<Options>(
    {.name = "evaluate-anomaly",
     .command = "validate anomaly",
     .group = "validate",
     .title = "Validate scores of oddness",
     .help = "How well a model's scores tell odd rows from usual ones: the file itself, as it will run.",
     .inputs = {{"model", "model", "the ONNX file"}, {"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"report", "report", "area under the ROC curve, average precision, alarms right and wrong"}},
     .parallel = true},
    {field("truth", &Options::truth, "the column that says which rows are odd; without: shares of alarms only"),
     field("odd", &Options::odd, "the label that odd rows have; else the rarer of two"),
     field("part", &Options::part, "the rows held back from training, those trained on, or all",
           {.choices = part_choices}),
     field("hold", &Options::hold, "share held back, as in training", {.min = 0, .max = 0.9})},
    run);

}  // namespace gyre
