// gyre table choose: the columns that tell most of a target.
#include <algorithm>

#include "base/file.hpp"
#include "learn/evidence.hpp"
#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::string target;
  std::int64_t most = 10;
  std::string by = "power";
  std::string task = "auto";
};

struct Scored {
  std::string column;
  std::optional<double> score;
};

std::vector<Scored> scored(const Options& options, const std::filesystem::path& file, StepContext& context) {
  TableOptions how{.threads = context.threads(), .target = options.target, .task = options.task};
  auto [table, target] = learnable(read_table(file, how), options.target, options.task);
  std::vector<Scored> list;
  for (auto& column : table.columns)
    list.push_back(
        {column.name, column.missing() == column.rows() ? std::nullopt : evidence_of(options.by, column, target)});
  std::stable_sort(list.begin(), list.end(),
                   [](auto& a, auto& b) { return a.score.value_or(-1) > b.score.value_or(-1); });
  if (list.empty() || !list[0].score)
    throw Error(Code::invalid,
                table.name + ": \"" + options.by + "\" says nothing of any column about \"" + target.column + "\"",
                "--by power, chi2 and mutual take all kinds of columns and targets");
  return list;
}

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "like"});
  auto list = scored(options, context.input(inputs.learned_from()), context);
  json::array scores;
  std::vector<std::string> kept;
  for (auto& one : list) {
    bool keep = one.score && kept.size() < static_cast<std::size_t>(options.most);
    if (keep) kept.push_back(inputs.shape().get(one.column).name);
    scores.push_back(
        {{"column", one.column}, {"score", one.score ? json::value(*one.score) : json::value()}, {"kept", keep}});
  }
  std::vector<std::string> columns;
  for (auto& column : inputs.shape().columns)
    if (column.name == options.target || std::find(kept.begin(), kept.end(), column.name) != kept.end())
      columns.push_back(column.quoted());
  context.say("kept " + std::to_string(kept.size()) + " of " + std::to_string(list.size()) +
              " columns: " + joined(kept, ", ").substr(0, 500));
  inputs.write("SELECT " + joined(columns, ", ") + " FROM \"table\"");
  write_output(context.output("report"),
               pretty({{"target", options.target}, {"by", options.by}, {"columns", scores}}) + "\n");
}

}  // namespace

extern const Step step_choose_columns;
const Step step_choose_columns = step<Options>(
    {.name = "choose-columns",
     .command = "table choose",
     .group = "data",
     .title = "Choose columns by what they tell",
     .help = "Keeps the columns that tell most of a target, and the target.\n\n"
             "Each is judged alone: power is the share of the target's uncertainty or variance that goes away when "
             "the column is known; f is that of an analysis of variance, chi2 and mutual count pairs of groups.",
     .inputs = {table_in, like_in},
     .outputs = {table_out, {"report", "report", "what each column scored"}},
     .parallel = true},
    {field("target", &Options::target, "the column to be learned", {.required = true}),
     field("most", &Options::most, "how many columns stay", {.min = 1, .max = 100000}),
     field("by", &Options::by, "what judges a column",
           {.choices = {"power", "pearson", "spearman", "f", "chi2", "mutual"}}),
     field("task", &Options::task, "whether the target is labels or numbers; auto: as it looks",
           {.choices = {"auto", "classify", "regress"}})},
    run);

}  // namespace gyre
