#include "learn/unsupervised/row_model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/gather.hpp"
#include "learn/table_model.hpp"

namespace gyre {

static void compare(const std::vector<RowAnswer>& answers, const std::vector<Tensor>& given,
                    const std::vector<std::vector<double>>& expected, double& worst) {
  std::size_t at = 0;
  for (std::size_t k = 0; k < answers.size(); k++) {
    if (answers[k].type == DataType::text) continue;
    auto values = given[k].as<float>();
    auto& wanted = expected.at(at++);
    if (values.size() != wanted.size())
      throw Error(Code::internal, "the ONNX graph gives " + std::to_string(values.size()) + " numbers of \"" +
                                      answers[k].name + "\" for " + std::to_string(wanted.size()));
    for (std::size_t i = 0; i < values.size(); i++) {
      double difference = std::abs(values[i] - wanted[i]) / std::max(1.0, std::abs(wanted[i]));
      worst = std::max(worst, std::isnan(difference) ? HUGE_VAL : difference);
    }
  }
}

RowExport export_row_model(const RowModel& model, Signature signature, const Table& examples,
                           const json::object& lineage, int threads) {
  GraphBuilder graph("rows");
  TableInputs inputs;
  auto answers = model.export_to(graph, inputs);
  for (auto& answer : answers) graph.output(answer.value, answer.name, answer.type, {-1, answer.width});
  signature.takes = "table";
  signature.columns = inputs.columns();
  graph.describe(signature, lineage);
  RowExport exported{graph.finish(), 0, inputs.columns()};
  Table table = with_odd_rows(examples);
  Session session = Session::from_bytes(exported.bytes, 1);
  std::vector<std::size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), 0);
  auto given = session.run(table_tensors(table, exported.columns, rows));
  compare(answers, given, model.answers(table, threads), exported.difference);
  if (!(exported.difference <= most_table_difference))
    throw Error(Code::internal,
                "ONNX Runtime and the training disagree by " + std::to_string(exported.difference) + " on this model",
                "this is a fault of gyre: the model was not written");
  std::vector<Golden> golden;
  for (std::size_t i : {std::size_t{0}, table.rows() - 2, table.rows() - 1}) {
    auto one = table_tensors(table, exported.columns, std::span(&i, 1));
    auto answer = session.run(one);
    golden.push_back({std::move(one), std::move(answer)});
  }
  exported.bytes = with_metadata(exported.bytes, {{"gyre.golden", pack_golden(golden)}});
  return exported;
}

Featuriser features_without_target(const Table& table, const std::string& what, FeatureOptions options) {
  if (options.categories == "auto") options.categories = "one-hot";
  if (options.categories == "target" || options.categories == "native")
    throw Error(Code::invalid, "--categories " + options.categories + " needs a target, and there is none",
                "--categories one-hot or ordinal");
  if (table.columns.empty()) throw Error(Code::invalid, table.name + ": every column is left out");
  Target none{what, Task::regress, {}, std::vector<double>(table.rows())};
  return Featuriser(table, none, {.complete = true, .scaled = true}, options);
}

RowParts read_rows(const RowOptions& options, const std::vector<std::string>& aside, StepContext& context) {
  auto file = context.input("table");
  TableOptions how{.types = types_from(options.types), .name = name_of_input(file, "table")};
  how.threads = context.threads();
  Table whole = read_table(file, how);
  say_all(context, whole.findings);
  RowParts parts;
  parts.findings = whole.findings;
  std::vector<std::size_t> learn, hold;
  auto held = held_back_rows(whole, options.hold);
  for (std::size_t i = 0; i < held.size(); i++) (held[i] ? hold : learn).push_back(i);
  if (learn.size() < 2)
    throw Error(Code::invalid, whole.name + ": only " + counted(learn.size(), "row", "rows") + " to learn from",
                "hold back less (--hold 0) or bring more rows");
  Table beside{whole.name, {}, whole.row_numbers, {}};
  for (auto& name : aside) beside.columns.push_back(whole.get(name));
  for (auto& name : options.leave_out) whole = whole.without(whole.get(name).name);
  for (auto& column : beside.columns)
    if (whole.find(column.name)) whole = whole.without(column.name);
  parts.learn = whole.take(learn), parts.hold = whole.take(hold);
  parts.learn_aside = beside.take(learn), parts.hold_aside = beside.take(hold);
  return parts;
}

Table examples_of(const Table& table) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0, count = std::min<std::size_t>(100, table.rows()); i < count; i++)
    rows.push_back(i * table.rows() / count);
  return table.take(rows);
}

Table read_table_for(const Session& session, const std::filesystem::path& file, StepContext& context) {
  TableOptions how{.name = name_of_input(file, "table")};
  how.threads = context.threads();
  Table table = read_table(file, how);
  for (auto& info : session.inputs())
    how.types[table.get(info.name).name] = info.type == DataType::text ? ColumnType::category : ColumnType::number;
  return read_table(file, how);
}

std::map<std::string, std::vector<float>> row_answers(const Session& session, const Table& table,
                                                      StepContext& context) {
  std::vector<std::string> columns;
  for (auto& info : session.inputs()) columns.push_back(info.name);
  std::map<std::string, std::vector<float>> all;
  constexpr std::size_t block = 4096;
  for (std::size_t from = 0; from < table.rows(); from += block) {
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped before every row was answered");
    std::vector<std::size_t> rows(std::min(block, table.rows() - from));
    std::iota(rows.begin(), rows.end(), from);
    auto outputs = session.run(table_tensors(table, columns, rows));
    for (std::size_t i = 0; i < outputs.size(); i++) {
      if (outputs[i].type != DataType::f32) continue;
      auto values = outputs[i].as<float>();
      auto& to = all[session.outputs()[i].name];
      to.insert(to.end(), values.begin(), values.end());
    }
    context.progress(static_cast<double>(from + rows.size()), static_cast<double>(table.rows()), "rows");
  }
  return all;
}

Table part_of(const Table& table, const std::string& part, double hold) {
  if (part == "all") return table;
  auto held = held_back_rows(table, hold);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < held.size(); i++)
    if (held[i] == (part == "hold")) rows.push_back(i);
  if (rows.empty()) throw Error(Code::invalid, table.name + ": no row is in the part \"" + part + "\"", "--part all");
  return table.take(rows);
}

Signature need_signature(const Session& session, const std::string& task, const std::string& hint) {
  auto found = session.metadata().find("gyre.signature");
  if (found == session.metadata().end()) throw Error(Code::invalid, "the model does not say what it is", hint);
  Signature signature = signature_from(parse_json(found->second, "the model's signature"));
  if (signature.takes != "table" || signature.task != task)
    throw Error(Code::unsupported,
                "the model takes " + std::string(signature.takes == "table" ? "rows" : signature.takes) +
                    " and its task is \"" + signature.task + "\", not \"" + task + "\"",
                hint);
  return signature;
}

std::vector<Field> row_fields() {
  std::vector<Field> list{
      field("types", &RowOptions::types, "columns' types where they should be others: code=category"),
      field("leave-out", &RowOptions::leave_out, "columns that are not learned from"),
      field("hold", &RowOptions::hold, "share of the rows held back, which judge the model", {.min = 0, .max = 0.9}),
      field("seed", &RowOptions::seed, "the same seed gives the same file", {.min = 0})};
  for (auto& one : feature_fields()) {
    one.set = [set = one.set](void* target, const json::value& value) {
      set(&static_cast<RowOptions*>(target)->features, value);
    };
    if (one.name == "scale") one.limits.choices = {"auto", "none", "standard", "min-max", "robust"};
    if (one.name == "categories") one.limits.choices = {"auto", "one-hot", "ordinal"};
    list.push_back(std::move(one));
  }
  return list;
}

json::object given(const RowOptions& options) {
  json::object values{{"types", json::value_from(options.types)},
                      {"leave-out", json::value_from(options.leave_out)},
                      {"hold", options.hold},
                      {"seed", options.seed}};
  for (auto& [name, value] : given(options.features)) values[name] = value;
  return values;
}

}  // namespace gyre
