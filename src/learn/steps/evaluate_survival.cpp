// gyre validate survival: a model's spans beside those that are known, also of rows that were still going on.
#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"
#include "learn/survival/spans.hpp"
#include "learn/unsupervised/row_model.hpp"

namespace gyre {

namespace {

struct Options {
  std::string span;
  std::string ended;
  std::string part = "hold";
  double hold = 0.2;
};

void run(const Options& options, StepContext& context) {
  Session session(context.input("model"));
  need_signature(session, "regress", "`gyre train survival` makes models that this judges");
  Table table = part_of(read_table_for(session, context.input("table"), context), options.part, options.hold);
  std::vector<std::string> findings = table.findings;
  std::vector<std::size_t> rows;
  Spans spans = spans_of(table, options.span, options.ended, rows, findings);
  say_all(context, findings);
  if (rows.empty()) throw Error(Code::invalid, table.name + ": no row knows its span", "--part all takes more rows");
  auto answers = row_answers(session, table.take(rows), context);
  std::vector<double> given(answers.at("value").begin(), answers.at("value").end());
  auto scores = span_scores(spans, given);
  for (auto& score : scores) context.metric(score.key(), score.value().to_number<double>());
  json::object report{{"model", digest_of_file(context.input("model"))},
                      {"part", options.part},
                      {"rows", rows.size()},
                      {"scores", std::move(scores)},
                      {"findings", json::value_from(findings)}};
  write_output(context.output("report"), pretty(report) + "\n");
}

}  // namespace

extern const Step step_evaluate_survival;
const Step step_evaluate_survival = step<Options>(
    {.name = "evaluate-survival",
     .command = "validate survival",
     .group = "validate",
     .title = "Validate spans until an end",
     .help = "How well a model puts rows into the order in which they end, and how far it is from ends that are known.",
     .inputs = {{"model", "model", "the ONNX file"}, {"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"report", "report", "concordance, errors of the spans that ended"}},
     .parallel = true},
    {field("span", &Options::span, "the column that says how long each row lasted", {.required = true}),
     field("ended", &Options::ended, "the column that says whether it has ended; without: all have"),
     field("part", &Options::part, "the rows held back from training, those trained on, or all",
           {.choices = part_choices}),
     field("hold", &Options::hold, "share held back, as in training", {.min = 0, .max = 0.9})},
    run);

}  // namespace gyre
