#include "learn/table_model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

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

TablePipeline train_pipeline(const TableTraining& training, const Table& table, const Target& target,
                             std::span<const double> weights, const Table* check, const Target* check_target) {
  auto& learner = *training.learner;
  if (!learner.can(target.task))
    throw Error(Code::invalid, "the learner \"" + learner.name + "\" cannot " + std::string(name_of(target.task)),
                "`gyre learners` says what each can do");
  Featuriser featuriser(table, target, learner.wants, training.features, training.seed);
  Matrix features = featuriser.training(table);
  TrainingContext context{training.threads, training.seed, training.stop, {}};
  Matrix check_features;
  if (check && check->rows()) {
    check_features = featuriser.transform(*check);
    context.check = {&check_features, check_target->values, {}};
  }
  auto fitted = learner.train(training.options, problem_of(target), {&features, target.values, weights}, context);
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

double checked_difference(std::span<const double> expected, std::span<const double> given) {
  if (given.size() != expected.size())
    throw Error(Code::internal, "the ONNX graph gives " + std::to_string(given.size()) + " numbers for " +
                                    std::to_string(expected.size()));
  double largest = 0;
  for (std::size_t i = 0; i < given.size(); i++) {
    double difference = std::abs(given[i] - expected[i]) / std::max(1.0, std::abs(expected[i]));
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
