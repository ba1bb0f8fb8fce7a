// gyre validate table: a model's answers on rows whose truth is known.
#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"
#include "learn/judged_rows.hpp"
#include "learn/scores.hpp"

namespace gyre {

namespace {

json::value confusion_of(const Target& target, const std::vector<double>& probabilities) {
  Confusion confusion(target.labels);
  auto given = answers_of({target.values, probabilities, target.classes()});
  for (std::size_t i = 0; i < given.size(); i++) confusion.add(static_cast<std::size_t>(target.values[i]), given[i]);
  return confusion.to_json();
}

void run(const JudgedBy& options, StepContext& context) {
  Predictor predictor(context.input("model"));
  auto [table, target] = rows_to_judge(predictor, options, context);
  say_all(context, table.findings);
  auto given = answers_to(predictor, table, target, context);
  json::object report{{"model", digest_of_file(context.input("model"))},
                      {"target", target.column},
                      {"part", options.part},
                      {"rows", table.rows()},
                      {"findings", json::value_from(table.findings)}};
  json::object scores;
  if (target.task == Task::classify) {
    scores = classification_scores({target.values, given, target.classes()});
    report["classes"] = confusion_of(target, given);
  } else {
    scores = regression_scores(target.values, given);
  }
  for (auto& score : scores)
    if (!score.value().is_null()) context.metric(score.key(), score.value().to_number<double>());
  report["scores"] = std::move(scores);
  write_output(context.output("report"), pretty(report) + "\n");
}

}  // namespace

extern const Step step_evaluate_table;
const Step step_evaluate_table = step<JudgedBy>(
    {.name = "evaluate-table",
     .command = "validate table",
     .group = "validate",
     .title = "Validate on a table",
     .help = "Judges a model by rows whose truth is known: the file itself, as it will run.",
     .inputs = {{"model", "model", "the ONNX file"}, {"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"report", "report", "scores, and for labels who was taken for whom"}},
     .parallel = true},
    judged_by_fields(), run);

}  // namespace gyre
