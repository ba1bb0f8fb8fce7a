// gyre validate importance: what a model's answers rest on, seen from outside.
#include <algorithm>
#include <cmath>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "data/gather.hpp"
#include "learn/judged_rows.hpp"
#include "learn/scores.hpp"

namespace gyre {

namespace {

struct Options : JudgedBy {
  std::int64_t rounds = 5;
  std::string metric;
  std::int64_t seed = 1;
};

std::string metric_of(const Options& options, const Target& target) {
  if (!options.metric.empty()) return options.metric;
  return target.task == Task::regress ? "rmse" : target.classes() == 2 ? "auc" : "log_loss";
}

double score_of(const std::string& metric, const Target& target, const std::vector<double>& answers) {
  if (target.task == Task::regress) return score_named(metric, target.values, answers);
  return score_named(metric, {target.values, answers, target.classes()});
}

template <class Value>
void shuffle(std::vector<Value>& values, const std::vector<std::size_t>& order) {
  std::vector<Value> moved;
  for (auto row : order) moved.push_back(values[row]);
  values = std::move(moved);
}

// The same rows, one column's cells dealt out anew.
Table dealt(const Table& table, const std::string& name, const std::vector<std::size_t>& order) {
  Table changed = table;
  auto& column = changed.columns[static_cast<std::size_t>(&table.get(name) - table.columns.data())];
  if (column.is_number())
    shuffle(column.numbers, order);
  else
    shuffle(column.codes, order);
  return changed;
}

struct Fall {
  std::string column;
  double mean = 0, deviation = 0;
};

Fall fall_of(const std::string& column, const std::vector<double>& falls) {
  double middle = mean(falls), squares = 0;
  for (double fall : falls) squares += (fall - middle) * (fall - middle);
  return {column, middle, std::sqrt(squares / static_cast<double>(falls.size()))};
}

void run(const Options& options, StepContext& context) {
  Predictor predictor(context.input("model"));
  auto [table, target] = rows_to_judge(predictor, options, context);
  say_all(context, table.findings);
  std::string metric = metric_of(options, target);
  auto& inputs = predictor.session().inputs();
  auto rounds = static_cast<std::size_t>(options.rounds);
  std::size_t all = table.rows() * (1 + inputs.size() * rounds), done = table.rows();
  double whole = score_of(metric, target, answers_to(predictor, table, target, context, 0, all));
  Random random(static_cast<std::uint64_t>(options.seed));
  std::vector<std::size_t> order(table.rows());
  for (std::size_t i = 0; i < order.size(); i++) order[i] = i;
  std::vector<Fall> falls;
  for (auto& input : inputs) {
    std::vector<double> by_round;
    for (std::size_t round = 0; round < rounds; round++, done += table.rows()) {
      random.shuffle(order);
      auto answers = answers_to(predictor, dealt(table, input.name, order), target, context, done, all);
      by_round.push_back(whole - score_of(metric, target, answers));
    }
    falls.push_back(fall_of(table.get(input.name).name, by_round));
  }
  std::stable_sort(falls.begin(), falls.end(), [](auto& a, auto& b) { return a.mean > b.mean; });
  json::array columns;
  for (auto& fall : falls)
    columns.push_back({{"column", fall.column}, {"fall", fall.mean}, {"deviation", fall.deviation}});
  for (std::size_t i = 0; i < std::min<std::size_t>(10, falls.size()); i++) {
    char text[64];
    std::snprintf(text, sizeof text, "%10.4g +- %.2g  ", falls[i].mean, falls[i].deviation);
    context.say(text + falls[i].column);
  }
  double shown = larger_is_better(metric, target.task == Task::classify) ? whole : -whole;
  context.metric(metric, shown);
  json::object report{{"model", digest_of_file(context.input("model"))},
                      {"target", target.column},
                      {"part", options.part},
                      {"rows", table.rows()},
                      {"rounds", options.rounds},
                      {"metric", metric},
                      {"score", shown},
                      {"columns", std::move(columns)}};
  write_output(context.output("report"), pretty(report) + "\n");
}

std::vector<Field> fields() {
  std::vector<Field> list;
  for (auto& one : judged_by_fields()) {
    auto set = one.set;
    one.set = [set](void* options, const json::value& value) {
      set(static_cast<JudgedBy*>(static_cast<Options*>(options)), value);
    };
    list.push_back(std::move(one));
  }
  list.push_back(field("rounds", &Options::rounds, "how often each column is dealt out anew", {.min = 1, .max = 1000}));
  list.push_back(field("metric", &Options::metric,
                       "what falls: any score of `gyre validate table`; when left out, auc "
                       "of two labels, log_loss of more, rmse of numbers"));
  list.push_back(field("seed", &Options::seed, "another one deals otherwise", {.min = 0}));
  return list;
}

}  // namespace

extern const Step step_permutation_importance;
const Step step_permutation_importance = step<Options>(
    {.name = "permutation-importance",
     .command = "validate importance",
     .group = "validate",
     .title = "Permutation importance",
     .help = "How much worse a model answers when one column's cells are dealt out anew among the rows.\n\n"
             "Of any model that takes rows of a table. Columns that say the same stand in for one another: each alone "
             "then looks as if it did not matter.",
     .inputs = {{"model", "model", "the ONNX file"}, {"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"report", "report", "how far the score falls for each column"}},
     .parallel = true},
    fields(), run);

}  // namespace gyre
