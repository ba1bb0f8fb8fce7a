#include <cmath>

#include "learn/history.hpp"
#include "model/session.hpp"

namespace gyre {

namespace {

using Integers = std::vector<std::int64_t>;
constexpr std::int64_t onnx_f32 = 1, onnx_f64 = 11;

std::string doubles(GraphBuilder& graph, const Integers& shape, const std::vector<double>& values) {
  Tensor tensor = Tensor::zeros(DataType::f64, shape);
  std::copy(values.begin(), values.end(), tensor.as<double>().begin());
  return graph.constant(tensor);
}

// f64 [1, 1, columns] each of the last rows of `series`, f64 [1, window, columns]: mean, spread, slope.
void add_statistics(GraphBuilder& graph, const std::string& series, std::int64_t window, std::int64_t part,
                    std::vector<std::string>& to) {
  auto sum = [&](const std::string& value) { return graph.node("ReduceSum", {value, graph.constant(Integers{1})}); };
  std::string some = graph.node("Slice", {series, graph.constant(Integers{window - part}),
                                          graph.constant(Integers{window}), graph.constant(Integers{1})});
  std::string hole = graph.node("IsNaN", {some});
  std::string zero = doubles(graph, {1, 1, 1}, {0});
  std::string known = graph.node("Cast", {graph.node("Not", {hole})}, {{"to", onnx_f64}});
  std::string count = sum(known);
  std::string mean = graph.node("Div", {sum(graph.node("Where", {hole, zero, some})), count});
  std::string off = graph.node("Where", {hole, zero, graph.node("Sub", {some, mean})});
  std::string spread = graph.node("Sqrt", {graph.node("Div", {sum(graph.node("Mul", {off, off})), count})});
  std::vector<double> steps;
  for (std::int64_t i = 0; i < part; i++) steps.push_back(static_cast<double>(i));
  std::string times = doubles(graph, {1, part, 1}, steps);
  std::string middle = graph.node("Div", {sum(graph.node("Mul", {known, times})), count});
  std::string moved = graph.node("Mul", {known, graph.node("Sub", {times, middle})});
  std::string moments = graph.node("Max", {sum(graph.node("Mul", {moved, moved})), doubles(graph, {1, 1, 1}, {1e-12})});
  std::string slope = graph.node("Div", {sum(graph.node("Mul", {moved, off})), moments});
  to.insert(to.end(), {mean, spread, slope});
}

Signature signature_of(const Target& target, const RowHistory& history, const std::string& about) {
  Signature signature;
  signature.takes = "series";
  signature.samples = static_cast<std::int64_t>(history.window());
  signature.columns = history.columns();
  signature.task = target.task == Task::classify ? "classify" : "regress";
  signature.labels = target.labels;
  signature.about = about;
  return signature;
}

}  // namespace

void RowHistory::export_to(GraphBuilder& graph, TableInputs& inputs) const {
  auto window = static_cast<std::int64_t>(window_), width = static_cast<std::int64_t>(columns_.size());
  graph.part("pre");
  std::string input = graph.input("series", DataType::f32, {1, window, width});
  std::string series = graph.node("Cast", {input}, {{"to", onnx_f64}});
  std::vector<std::string> values{graph.node("Slice", {series, graph.constant(Integers{window - 1}),
                                                       graph.constant(Integers{window}), graph.constant(Integers{1})})};
  for (auto part : parts()) add_statistics(graph, series, window, static_cast<std::int64_t>(part), values);
  std::string all = graph.node("Concat", values, {{"axis", std::int64_t{2}}});
  all = graph.node("Cast", {graph.node("Reshape", {all, graph.constant(Integers{1, -1})})}, {{"to", onnx_f32}});
  auto names = this->names();
  std::string first = graph.node("Split", {all, graph.constant(Integers(names.size(), 1))}, {{"axis", std::int64_t{1}}},
                                 static_cast<int>(names.size()));
  for (std::size_t i = 0; i < names.size(); i++) inputs.set(names[i], i == 0 ? first : first + "_" + std::to_string(i));
}

TableExport export_history_model(const TableModel& model, const Target& target, const RowHistory& history,
                                 const Table& examples, const json::object& lineage, const std::string& about,
                                 int threads) {
  GraphBuilder graph("history");
  TableInputs inputs;
  history.export_to(graph, inputs);
  std::string answers = model.export_to(graph, inputs);
  bool labels = target.task == Task::classify;
  graph.output(answers, labels ? "probabilities" : "value", DataType::f32,
               {1, static_cast<std::int64_t>(problem_of(target).outputs())});
  graph.describe(signature_of(target, history, about), lineage);
  TableExport exported{.bytes = graph.finish(), .columns = history.columns()};
  Session session = Session::from_bytes(exported.bytes, 1);
  std::vector<double> expected = model.predict(examples, threads), given;
  std::vector<Golden> golden;
  for (std::size_t i = 0; i < examples.rows(); i++) {
    exported.example = {history.window_before(examples.row_numbers[i])};
    auto outputs = session.run(exported.example);
    auto values = outputs.at(0).as<float>();
    given.insert(given.end(), values.begin(), values.end());
    if (golden.size() < 3) golden.push_back({exported.example, std::move(outputs)});
  }
  exported.difference = checked_difference(expected, given);
  exported.bytes = with_metadata(exported.bytes, {{"gyre.golden", pack_golden(golden)}});
  return exported;
}

}  // namespace gyre
