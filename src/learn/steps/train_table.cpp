// gyre train table: a table and the name of a column become a model that answers that column from raw rows.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "data/gather.hpp"
#include "learn/class_weights.hpp"
#include "learn/large_table.hpp"
#include "learn/lineage.hpp"
#include "learn/scores.hpp"

namespace gyre {

extern const Step step_train_table;

namespace {

struct Options {
  std::string target;
  std::string learner = "lightgbm";
  std::vector<std::string> set;
  std::string task = "auto";
  std::vector<std::string> types;
  std::vector<std::string> leave_out;
  std::string weight;
  std::string class_weights = "none";
  double hold = 0.2;
  double check = 0.1;
  std::int64_t seed = 1;
  std::int64_t memory = 256;
  std::string several = "auto";
  std::string calibrate = "none";
  FeatureOptions features;
};

// The options as the user gave them, for the lineage: fields with their values in canonical form.
json::object given(const Options& options) {
  json::object values{{"target", options.target},
                      {"learner", options.learner},
                      {"set", json::value_from(options.set)},
                      {"task", options.task},
                      {"types", json::value_from(options.types)},
                      {"leave-out", json::value_from(options.leave_out)},
                      {"weight", options.weight},
                      {"class-weights", options.class_weights},
                      {"hold", options.hold},
                      {"check", options.check},
                      {"seed", options.seed},
                      {"memory", options.memory},
                      {"several", options.several},
                      {"calibrate", options.calibrate}};
  for (auto& [name, value] : given(options.features)) values[name] = value;
  return values;
}

std::vector<double> taken(const std::vector<double>& values, const std::vector<std::size_t>& rows) {
  std::vector<double> some;
  if (!values.empty())
    for (auto row : rows) some.push_back(values[row]);
  return some;
}

// The weights of rows that a column gives; what stands in rows without a target does not matter.
std::vector<double> weights_of(const Table& table, const std::string& name, const Target& target) {
  if (name.empty()) return {};
  auto& column = table.get(name);
  if (!column.is_number())
    throw Error(Code::invalid, table.name + ": the column of weights \"" + name + "\" is no number");
  for (std::size_t i = 0; i < column.numbers.size(); i++)
    if (!(column.numbers[i] >= 0) && !std::isnan(target.values[i]))
      throw Error(Code::invalid, table.place(i) + ": column \"" + name + "\": a weight is missing or negative");
  return column.numbers;
}

struct Parts {
  std::vector<std::size_t> learn, check, hold;
};

Parts parts_of(const Table& whole, const Options& options, bool stops_early) {
  Parts parts;
  auto held = held_back_rows(whole, options.hold);
  for (std::size_t i = 0; i < held.size(); i++) (held[i] ? parts.hold : parts.learn).push_back(i);
  if (parts.learn.size() < 2)
    throw Error(Code::invalid, whole.name + ": only " + counted(parts.learn.size(), "row", "rows") + " to learn from",
                "hold back less (--hold 0) or bring more rows");
  if (!stops_early || options.check <= 0 || parts.learn.size() < 100) return parts;
  Random random(static_cast<std::uint64_t>(options.seed));
  random.shuffle(parts.learn);
  auto count = static_cast<std::size_t>(options.check * static_cast<double>(parts.learn.size()));
  parts.check.assign(parts.learn.end() - static_cast<std::ptrdiff_t>(count), parts.learn.end());
  parts.learn.resize(parts.learn.size() - count);
  std::sort(parts.learn.begin(), parts.learn.end());
  std::sort(parts.check.begin(), parts.check.end());
  return parts;
}

json::object scores_of(const std::vector<double>& answers, const Target& target) {
  if (target.task == Task::regress) return regression_scores(target.values, answers);
  return classification_scores({target.values, answers, target.classes()});
}

json::array importance_of(const TablePipeline& model) {
  auto sizes = model.fitted().importance();
  auto& features = model.featuriser().features();
  double all = 0;
  for (double size : sizes) all += size;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < std::min(sizes.size(), features.size()); i++)
    if (sizes[i] > 0) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return sizes[a] > sizes[b]; });
  json::array list;
  for (auto i : order) list.push_back({{"feature", features[i].name}, {"share", sizes[i] / all}});
  return list;
}

void say_columns(const TableSample& sample, StepContext& context) {
  std::string list;
  for (auto& column : sample.table.columns) {
    if (list.size() > 300) {
      list += " ...";
      break;
    }
    list += (list.empty() ? "" : ", ") + column.name + " (" + std::string(name_of(column.type)) + ")";
  }
  context.say(counted(sample.rows, "row", "rows") + "; columns: " + list);
}

std::string about(const Target& target, const std::string& learner) {
  std::string what = target.task == Task::classify ? "Tells which label of \"" : "Tells the value of \"";
  return what + target.column + "\" a row of a table has; learned by " + learner + ".";
}

struct Trained {
  TablePipeline model;
  Target target;   // of no rows
  Table examples;  // rows as they come
  json::object scores;
  std::size_t learned_from = 0, checked_with = 0, held_back = 0;
  std::vector<std::string> findings;
};

TableTraining training_of(const Options& options, StepContext& context) {
  auto& learner = get_learner(options.learner);
  return {&learner,          learner_options(learner, options.set),    options.features,
          context.threads(), static_cast<std::uint64_t>(options.seed), [&context] { return context.stop_requested(); }};
}

void say_learning(const Target& target, std::size_t rows, StepContext& context) {
  context.say("learning " + std::string(target.task == Task::classify ? "labels" : "numbers") + " of \"" +
              target.column + "\" from " + counted(rows, "row", "rows"));
}

Table some_rows(const Table& table) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0, count = std::min<std::size_t>(100, table.rows()); i < count; i++)
    rows.push_back(i * table.rows() / count);
  return table.take(rows);
}

Table learned_columns(Table table, const Options& options) {
  if (!options.weight.empty() && table.find(options.weight)) table = table.without(table.get(options.weight).name);
  for (auto& name : options.leave_out) table = table.without(table.get(name).name);
  return table;
}

Trained train_whole(Table whole, const Options& options, StepContext& context) {
  TableTraining training = training_of(options, context);
  auto [table, target] = learnable(std::move(whole), options.target, options.task);
  say_all(context, table.findings);
  std::vector<double> weights = weights_of(table, options.weight, target);
  weigh_classes(options.class_weights, target, weights);
  // By all columns: a validation finds the same rows.
  Parts parts = parts_of(table, options, training.learner->wants.check);
  table = learned_columns(std::move(table), options);
  auto findings = table.findings;
  Table check = table.take(parts.check), hold = table.take(parts.hold);
  Table learn = parts.learn.size() == table.rows() ? std::move(table) : table.take(parts.learn);
  table = {};  // large ones need the room
  Target learn_target = target.take(parts.learn), check_target = target.take(parts.check);
  say_learning(target, learn.rows(), context);
  std::vector<double> learn_weights = taken(weights, parts.learn);
  Trained trained{train_pipeline(training, learn, learn_target, learn_weights, &check, &check_target),
                  target.take({}),
                  some_rows(learn),
                  {},
                  learn.rows(),
                  check.rows(),
                  hold.rows(),
                  findings};
  if (hold.rows() > 1)
    trained.scores = scores_of(trained.model.predict(hold, context.threads()), target.take(parts.hold));
  return trained;
}

Trained train_sampled(TableSample sample, const Options& options, StepContext& context) {
  TableTraining training = training_of(options, context);
  auto findings = sample.table.findings;
  findings.push_back("the table is read block by block: features are made from " +
                     counted(sample.table.rows(), "row", "rows") + " spread over its " +
                     counted(sample.rows, "row", "rows"));
  Table like{sample.table.name, {}, {}, {}};  // names and types, of the weights too: rows are held back by all columns
  for (auto& column : sample.table.columns) like.columns.push_back({column.name, column.type, {}, {}, {}});
  if (!options.weight.empty()) {
    auto& column = sample.whole.get(options.weight);
    like.columns.push_back({column.name, column.type, {}, {}, {}});
  }
  Target target = target_of(sample.whole, options.target, options.task);
  std::vector<double> weights = weights_of(sample.whole, options.weight, target);
  weigh_classes(options.class_weights, target, weights);
  findings.insert(findings.end(), sample.whole.findings.begin(), sample.whole.findings.end());
  say_all(context, findings);
  sample.whole = {};
  LargeTable table{learned_columns(std::move(sample.table), options),
                   std::move(sample.places),
                   TableStream(context.input("table"), like, context.threads()),
                   std::move(target),
                   std::move(weights),
                   {}};
  bool checks = training.learner->wants.check || options.calibrate != "none";
  part_rows(table, options.hold, checks ? options.check : 0, static_cast<std::uint64_t>(options.seed));
  auto learn = table.count(RowPart::learn), hold = table.count(RowPart::hold);
  say_learning(table.target, learn, context);
  Trained trained{train_pipeline(training, table, context.checkpoint()),
                  table.target.take({}),
                  some_rows(table.sample),
                  {},
                  learn,
                  table.count(RowPart::check),
                  hold,
                  findings};
  if (hold > 1) {
    auto [answers, truth] = answers_for(trained.model, table, RowPart::hold, context.threads());
    trained.scores = scores_of(answers, truth);
  }
  return trained;
}

void run(const Options& options, StepContext& context) {
  auto& learner = get_learner(options.learner);
  constexpr std::size_t cells_of_megabyte = 1'000'000 / sizeof(double);
  std::size_t most_cells = learner.train_stream ? static_cast<std::size_t>(options.memory) * cells_of_megabyte
                                                : std::numeric_limits<std::size_t>::max();
  std::vector<std::string> needed{options.target};
  if (!options.weight.empty()) needed.push_back(options.weight);
  TableSample sample = sample_table(context.input("table"),
                                    {.types = types_from(options.types),
                                     .threads = context.threads(),
                                     .target = options.target,
                                     .task = options.task},
                                    most_cells, needed);
  say_columns(sample, context);
  Trained trained = sample.is_whole() ? train_whole(std::move(sample.table), options, context)
                                      : train_sampled(std::move(sample), options, context);
  auto& model = trained.model;
  say_all(context, model.featuriser().findings());
  json::object lineage = lineage_of(step_train_table, given(options), context);
  TableExport exported = export_table_model(model, trained.target, trained.examples, lineage,
                                            about(trained.target, learner.title), context.threads());
  json::object report{{"task", name_of(trained.target.task)},
                      {"learner", learner.name},
                      {"options", learner_options(learner, options.set)},
                      {"learned_from", trained.learned_from},
                      {"checked_with", trained.checked_with},
                      {"held_back", trained.held_back},
                      {"columns", json::value_from(exported.columns)},
                      {"features", model.featuriser().features().size()},
                      {"importance", importance_of(model)},
                      {"training", model.fitted().about()},
                      {"onnx_difference", exported.difference},
                      {"findings", json::value_from(trained.findings)},
                      {"left_out", json::value_from(model.featuriser().findings())}};
  if (!trained.scores.empty()) report["scores"] = trained.scores;
  for (auto& score : trained.scores)
    if (!score.value().is_null()) context.metric(score.key(), score.value().to_number<double>());
  write_output(context.output("report"), pretty(report) + "\n");
  write_output(context.output("model"), exported.bytes);
  context.metric("onnx_difference", exported.difference);
}

std::vector<Field> fields() {
  std::vector<Field> list{
      field("target", &Options::target, "the column to learn", {.required = true}),
      field("learner", &Options::learner, "who learns; `gyre learners` lists them with their options"),
      field("set", &Options::set, "an option of the learner, NAME=VALUE; may be given several times"),
      field("task", &Options::task, "labels or numbers; auto: as the target looks",
            {.choices = {"auto", "classify", "regress"}}),
      field("types", &Options::types, "COLUMN=TYPE instead of what is worked out; may be given several times"),
      field("leave-out", &Options::leave_out, "a column that is not learned from; may be given several times"),
      field("weight", &Options::weight, "a column that says how much each row counts"),
      field("class-weights", &Options::class_weights, "balanced: rare labels count as much as frequent ones",
            {.choices = {"none", "balanced"}}),
      field("hold", &Options::hold, "share of the rows held back to judge the model, chosen by content",
            {.min = 0, .max = 0.9}),
      field("check", &Options::check, "share of the training rows that decides when to stop", {.min = 0, .max = 0.5}),
      field("seed", &Options::seed, "the same seed and number of threads give the same file", {.min = 0}),
      field("several", &Options::several, "how more than two labels are learned; auto: as the learner does it",
            {.choices = {"auto", "one-vs-rest", "one-vs-one"}}),
      field("calibrate", &Options::calibrate,
            "puts probabilities right by rows that were not learned from: fifths in turn, of a large table the check",
            {.choices = {"none", "sigmoid", "isotonic"}}),
      field("memory", &Options::memory,
            "megabytes of cells; a larger table is read block by block, by learners that can (linear, lightgbm)",
            {.min = 1, .max = 1e6})};
  for (auto& one : feature_fields()) {
    auto set = one.set;
    one.set = [set](void* target, const json::value& value) { set(&static_cast<Options*>(target)->features, value); };
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

const Step step_train_table = step<Options>(
    {.name = "train-table",
     .command = "train table",
     .group = "train",
     .title = "Train on a table",
     .help = "Learns to answer one column of a table from the others.\n\n"
             "The model takes raw rows: holes, texts and dates as they are. Rows that are held back judge it.",
     .version = 4,
     .inputs = {{"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"model", "model", "the ONNX file"}, {"report", "report", "scores, what it rests on, what was odd"}},
     .parallel = true},
    fields(), run);

}  // namespace gyre
