// gyre validate table: a model's answers on rows whose truth is known.
#include <algorithm>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"
#include "learn/scores.hpp"
#include "learn/table_model.hpp"
#include "model/predict.hpp"

namespace gyre {

namespace {

struct Options {
  std::string target;
  std::string part = "hold";
  double hold = 0.2;
};

// Types that the model's inputs need, whatever the rows at hand look like.
std::map<std::string, ColumnType> types_of(const Predictor& predictor, const Table& table) {
  std::map<std::string, ColumnType> types;
  auto& inputs = predictor.session().inputs();
  std::vector<std::string> names;
  for (auto& info : inputs) names.push_back(info.name);
  auto columns = table.get_all(names);
  for (std::size_t i = 0; i < inputs.size(); i++)
    types[columns[i]->name] = inputs[i].type == DataType::text ? ColumnType::category : ColumnType::number;
  return types;
}

// Answers in blocks of rows, so that memory stays small.
std::vector<double> answers(const Predictor& predictor, const Table& table, StepContext& context) {
  std::vector<std::string> columns;
  for (auto& info : predictor.session().inputs()) columns.push_back(info.name);
  std::vector<double> all;
  constexpr std::size_t block = 4096;
  for (std::size_t from = 0; from < table.rows(); from += block) {
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped before every row was answered");
    std::vector<std::size_t> rows;
    for (std::size_t i = from; i < std::min(table.rows(), from + block); i++) rows.push_back(i);
    auto outputs = predictor.session().run(table_tensors(table, columns, rows));
    auto values = outputs.at(0).as<float>();
    all.insert(all.end(), values.begin(), values.end());
    context.progress(static_cast<double>(from + rows.size()), static_cast<double>(table.rows()), "rows");
  }
  return all;
}

// A truth that the model does not know has a probability of 0: it is a wrong answer.
std::vector<double> with_unknown(const std::vector<double>& answers, std::size_t known, std::size_t all) {
  if (known == all) return answers;
  std::vector<double> wide;
  for (std::size_t i = 0; i < answers.size(); i++) {
    wide.push_back(answers[i]);
    if (i % known == known - 1) wide.insert(wide.end(), all - known, 0.0);
  }
  return wide;
}

json::value confusion_of(const Target& target, const std::vector<double>& probabilities) {
  Confusion confusion(target.labels);
  auto given = answers_of({target.values, probabilities, target.classes()});
  for (std::size_t i = 0; i < given.size(); i++) confusion.add(static_cast<std::size_t>(target.values[i]), given[i]);
  return confusion.to_json();
}

void run(const Options& options, StepContext& context) {
  Predictor predictor(context.input("model"));
  auto& signature = predictor.signature();
  if (signature.takes != "table")
    throw Error(Code::unsupported, "the model takes a " + signature.takes + ", not rows of a table",
                "`gyre validate model` is for models of pictures and sounds");
  auto path = context.input("table");
  Table whole = read_table(path, {.threads = context.threads()});
  whole = read_table(path, {.types = types_of(predictor, whole),
                            .threads = context.threads(),
                            .target = options.target,
                            .task = signature.task});
  Task task = signature.task == "classify" ? Task::classify : Task::regress;
  auto [table, target] = judgeable(std::move(whole), options.target, task, signature.labels);
  say_all(context, table.findings);
  if (options.part != "all") {
    auto held = held_back_rows(table, options.hold);
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < held.size(); i++)
      if (held[i] == (options.part == "hold")) rows.push_back(i);
    if (rows.empty())
      throw Error(Code::invalid, table.name + ": no row is in the part \"" + options.part + "\"", "--part all");
    table = table.take(rows);
    target = target.take(rows);
  }
  auto given = answers(predictor, table, context);
  json::object report{{"model", digest_of_file(context.input("model"))},
                      {"target", target.column},
                      {"part", options.part},
                      {"rows", table.rows()},
                      {"findings", json::value_from(table.findings)}};
  json::object scores;
  if (task == Task::classify) {
    given = with_unknown(given, signature.labels.size(), target.classes());
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
const Step step_evaluate_table = step<Options>(
    {.name = "evaluate-table",
     .command = "validate table",
     .group = "validate",
     .title = "Validate on a table",
     .help = "Judges a model by rows whose truth is known: the file itself, as it will run.",
     .inputs = {{"model", "model", "the ONNX file"}, {"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"report", "report", "scores, and for labels who was taken for whom"}},
     .parallel = true},
    {field("target", &Options::target, "the column with the truth", {.required = true}),
     field("part", &Options::part, "the rows held back from training, those trained on, or all",
           {.choices = {"hold", "train", "all"}}),
     field("hold", &Options::hold, "share held back, as in training", {.min = 0, .max = 0.9})},
    run);

}  // namespace gyre
