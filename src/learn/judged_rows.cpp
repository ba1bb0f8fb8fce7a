#include "learn/judged_rows.hpp"

#include <algorithm>

#include "data/gather.hpp"

namespace gyre {

std::vector<Field> judged_by_fields() {
  return {field("target", &JudgedBy::target, "the column with the truth", {.required = true}),
          field("part", &JudgedBy::part, "the rows held back from training, those trained on, or all",
                {.choices = {"hold", "train", "all"}}),
          field("hold", &JudgedBy::hold, "share held back, as in training", {.min = 0, .max = 0.9})};
}

namespace {

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
std::vector<double> answers(const Predictor& predictor, const Table& table, StepContext& context, std::size_t before,
                            std::size_t whole) {
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
    context.progress(static_cast<double>(before + from + rows.size()), static_cast<double>(whole), "rows");
  }
  return all;
}

}  // namespace

Learnable rows_to_judge(const Predictor& predictor, const JudgedBy& by, StepContext& context) {
  auto& signature = predictor.signature();
  if (signature.takes != "table")
    throw Error(Code::unsupported, "the model takes a " + signature.takes + ", not rows of a table",
                "`gyre validate model` is for models of pictures and sounds");
  auto path = context.input("table");
  Table whole = read_table(path, {.threads = context.threads()});
  whole = read_table(
      path,
      {.types = types_of(predictor, whole), .threads = context.threads(), .target = by.target, .task = signature.task});
  Task task = signature.task == "classify" ? Task::classify : Task::regress;
  auto judged = judgeable(std::move(whole), by.target, task, signature.labels);
  if (by.part == "all") return judged;
  auto held = held_back_rows(judged.table, by.hold);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < held.size(); i++)
    if (held[i] == (by.part == "hold")) rows.push_back(i);
  if (rows.empty())
    throw Error(Code::invalid, judged.table.name + ": no row is in the part \"" + by.part + "\"", "--part all");
  return {judged.table.take(rows), judged.target.take(rows)};
}

std::vector<double> answers_to(const Predictor& predictor, const Table& table, const Target& target,
                               StepContext& context, std::size_t before, std::size_t all) {
  auto given = answers(predictor, table, context, before, all ? all : table.rows());
  if (target.task == Task::regress) return given;
  std::size_t known = predictor.signature().labels.size(), labels = target.classes();
  if (known == labels) return given;
  std::vector<double> wide;
  for (std::size_t i = 0; i < given.size(); i++) {
    wide.push_back(given[i]);
    if (i % known == known - 1) wide.insert(wide.end(), labels - known, 0.0);
  }
  return wide;
}

}  // namespace gyre
