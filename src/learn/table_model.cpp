#include "learn/table_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.hpp"
#include "learn/calibration.hpp"
#include "learn/several.hpp"
#include "model/session.hpp"

namespace gyre {

std::string TablePipeline::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  graph.part("pre");
  std::string features = featuriser_.export_to(graph, inputs);
  graph.part("net");
  std::string answers = fitted_->export_to(graph, features);
  graph.part("post");
  return answers;
}

Problem problem_of(const Target& target) { return {target.task, target.classes()}; }

void check_training(const TableTraining& training, Task task) {
  auto& learner = *training.learner;
  if (!learner.can(task))
    throw Error(Code::invalid, "the learner \"" + learner.name + "\" cannot " + std::string(name_of(task)),
                "`gyre learners` says what each can do");
  if (task == Task::regress && (training.several != "auto" || training.calibrate != "none"))
    throw Error(Code::invalid, "several labels and calibration are for labels, and the target is learned as numbers",
                "learn its labels: --task classify");
}

namespace {

std::unique_ptr<Fitted> train_one(const TableTraining& training, const Problem& problem, const Examples& examples,
                                  const TrainingContext& context) {
  if (training.several != "auto" && problem.classes > 2)
    return train_several(training.several, *training.learner, training.options, problem.classes, examples, context);
  return training.learner->train(training.options, problem, examples, context);
}

// Each row's answer from a model that was learned without the row's fifth of all rows.
std::vector<double> answers_of_others(const TableTraining& training, const Problem& problem, const Examples& examples,
                                      const TrainingContext& context) {
  constexpr std::size_t folds = 5;
  std::vector<std::size_t> fold(examples.rows());
  for (std::size_t i = 0; i < fold.size(); i++) fold[i] = i % folds;
  Random random(training.seed);
  random.shuffle(fold);
  std::vector<double> answers(examples.rows() * problem.outputs());
  for (std::size_t f = 0; f < folds; f++) {
    std::vector<std::size_t> others, own;
    for (std::size_t i = 0; i < fold.size(); i++) (fold[i] == f ? own : others).push_back(i);
    std::vector<double> targets, weights;
    for (auto i : others) targets.push_back(examples.targets[i]);
    for (auto i : others)
      if (!examples.weights.empty()) weights.push_back(examples.weights[i]);
    Matrix features = examples.features->take(others);
    auto fitted = train_one(training, problem, {&features, targets, weights}, context);
    auto some = fitted->predict(examples.features->take(own), context.threads);
    for (std::size_t k = 0; k < own.size(); k++)
      std::copy_n(some.begin() + static_cast<std::ptrdiff_t>(k * problem.outputs()), problem.outputs(),
                  answers.begin() + static_cast<std::ptrdiff_t>(own[k] * problem.outputs()));
  }
  return answers;
}

}  // namespace

TablePipeline train_pipeline(const TableTraining& training, const Table& table, const Target& target,
                             std::span<const double> weights, const Table* check, const Target* check_target) {
  check_training(training, target.task);
  Featuriser featuriser(table, target, training.learner->wants, training.features, training.seed);
  Matrix features = featuriser.training(table);
  TrainingContext context{training.threads, training.seed, training.stop, {}, training.trace};
  Matrix check_features;
  if (check && check->rows()) {
    check_features = featuriser.transform(*check);
    context.check = {&check_features, check_target->values, {}};
  }
  Problem problem = problem_of(target);
  Examples examples{&features, target.values, weights};
  auto fitted = train_one(training, problem, examples, context);
  if (training.calibrate != "none") {
    auto answers = answers_of_others(training, problem, examples, context);
    auto curves = fit_curves(training.calibrate, answers, target.values, weights, problem.classes);
    fitted = calibrated(std::move(fitted), std::move(curves));
  }
  return {std::move(featuriser), std::move(fitted)};
}

Table with_odd_rows(const Table& examples) {
  Table table = examples;
  for (int odd = 0; odd < 2; odd++) table.row_numbers.push_back(0);
  for (auto& column : table.columns) {
    if (column.is_number()) {
      column.numbers.push_back(std::numeric_limits<double>::quiet_NaN());
      column.numbers.push_back(examples.rows() ? column.numbers[0] : 0);
    } else {
      column.codes.push_back(-1);
      column.codes.push_back(static_cast<std::int32_t>(column.words.size()));
      column.words.push_back("\xc3\xa9 never seen 7");
    }
  }
  return table;
}

namespace {

Signature signature_of(const Target& target, const TableInputs& inputs, const std::string& about) {
  Signature signature;
  signature.takes = "table";
  signature.columns = inputs.columns();
  signature.task = target.task == Task::classify ? "classify" : "regress";
  signature.labels = target.labels;
  signature.about = about;
  return signature;
}

}  // namespace

// The standard deviation.
static double spread_of(std::span<const double> values) {
  double mean = 0, squares = 0, count = static_cast<double>(values.size());
  for (double value : values) mean += value / count;
  for (double value : values) squares += (value - mean) / count * (value - mean);
  return std::sqrt(squares);
}

double checked_difference(std::span<const double> expected, std::span<const double> given) {
  if (given.size() != expected.size())
    throw Error(Code::internal, "the ONNX graph gives " + std::to_string(given.size()) + " numbers for " +
                                    std::to_string(expected.size()));
  double largest = 0, size = std::max(1.0, spread_of(expected));
  for (std::size_t i = 0; i < given.size(); i++) {
    double difference = std::abs(given[i] - expected[i]) / std::max(size, std::abs(expected[i]));
    largest = std::max(largest, std::isnan(difference) ? HUGE_VAL : difference);
  }
  if (!(largest <= most_table_difference))
    throw Error(Code::internal,
                "ONNX Runtime and the training disagree by " + std::to_string(largest) + " on this model",
                "this is a fault of gyre: the model was not written");
  return largest;
}

TableExport export_table_model(const TableModel& model, const Target& target, const Table& examples,
                               const json::object& lineage, const std::string& about, int threads) {
  GraphBuilder graph("table");
  TableInputs inputs;
  std::string answers = model.export_to(graph, inputs);
  auto outputs = static_cast<std::int64_t>(problem_of(target).outputs());
  graph.output(answers, target.task == Task::classify ? "probabilities" : "value", DataType::f32, {-1, outputs});
  graph.describe(signature_of(target, inputs, about), lineage);
  TableExport exported{.bytes = graph.finish(), .columns = inputs.columns()};
  Table table = with_odd_rows(examples);
  std::vector<double> expected = model.predict(table, threads);
  Session session = Session::from_bytes(exported.bytes, 1);
  std::vector<std::size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), 0);
  auto given = session.run(table_tensors(table, exported.columns, rows));
  auto values = given.at(0).as<float>();
  exported.difference = checked_difference(expected, std::vector<double>(values.begin(), values.end()));
  std::vector<Golden> golden;
  for (std::size_t i : {std::size_t{0}, table.rows() - 2, table.rows() - 1}) {
    auto one = table_tensors(table, exported.columns, std::span(&i, 1));
    auto answer = session.run(one);
    exported.example = one;
    golden.push_back({std::move(one), std::move(answer)});
  }
  exported.bytes = with_metadata(exported.bytes, {{"gyre.golden", pack_golden(golden)}});
  return exported;
}

std::vector<bool> held_back_rows(const Table& table, double share) {
  std::vector<const Column*> columns;
  for (auto& column : table.columns) columns.push_back(&column);
  std::sort(columns.begin(), columns.end(), [](auto* a, auto* b) { return a->name < b->name; });
  auto mixed = [](std::uint64_t h) {  // splitmix64
    h += 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
  };
  std::vector<std::uint64_t> hashes(table.rows());
  for (auto* column : columns) {
    std::vector<std::uint64_t> words;
    for (auto& word : column->words) {
      std::uint64_t h = 0xcbf29ce484222325u;  // FNV-1a: the same on every machine
      for (char c : word) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
      words.push_back(h);
    }
    for (std::size_t i = 0; i < hashes.size(); i++) {
      std::uint64_t cell = column->is_missing(i) ? 1
                           : column->is_number() ? std::bit_cast<std::uint64_t>(column->numbers[i])
                                                 : words[static_cast<std::size_t>(column->codes[i])];
      hashes[i] = mixed(hashes[i] ^ mixed(cell));
    }
  }
  std::vector<bool> held;
  for (auto hash : hashes) held.push_back(static_cast<double>(hash >> 11) * 0x1.0p-53 < share);
  return held;
}

}  // namespace gyre
