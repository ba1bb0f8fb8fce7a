#include <algorithm>

#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
  std::string how = "mean";
  std::string value;
  double most = 0;
};

std::vector<std::string> chosen(const Options& options, const SqlInputs& inputs) {
  if (options.how == "mean" || options.how == "median") return inputs.learned_numbers(options.columns);
  std::vector<std::string> names;
  for (auto& name : options.columns) names.push_back(inputs.shape().get(name).name);
  for (auto& column : inputs.shape().columns)
    if (options.columns.empty()) names.push_back(column.name);
  return names;
}

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "like"});
  auto& shape = inputs.shape();
  auto names = chosen(options, inputs);
  for (auto& name : names) inputs.shape(inputs.learned_from()).get(name);
  if (options.how == "rows") {
    std::vector<std::string> conditions;
    for (auto& name : names) conditions.push_back(sql_name(name) + " IS NOT NULL");
    inputs.write("SELECT * FROM \"table\" WHERE " + joined(conditions, " AND "));
    return;
  }
  if (options.how == "columns") {
    std::vector<std::string> kept;
    for (auto& column : shape.columns) {
      bool asked = std::find(names.begin(), names.end(), column.name) != names.end();
      double share = 0;
      if (asked)
        inputs.duck().query("SELECT 1 - count(" + column.quoted() + ")::DOUBLE / greatest(count(*), 1) FROM " +
                                sql_name(inputs.learned_from()),
                            [&](const auto& row) { share = row.number(0); });
      if (!asked || share <= options.most)
        kept.push_back(column.quoted());
      else
        context.say("column \"" + column.name + "\" is left out: too much of it is missing");
    }
    if (kept.empty()) throw Error(Code::invalid, "no column of " + shape.table + " is left");
    inputs.write("SELECT " + joined(kept, ", ") + " FROM \"table\"");
    return;
  }
  bool number = options.how == "mean" || options.how == "median";
  std::vector<std::string> fills(names.size(), sql_text(options.value));
  if (options.how != "value") {
    std::vector<std::string> aggregates;
    for (auto& name : names) aggregates.push_back(options.how + "(" + sql_name(name) + ")");
    fills = inputs.learned(aggregates);
  }
  std::vector<std::pair<std::string, std::string>> columns;
  for (std::size_t i = 0; i < names.size(); i++)
    columns.emplace_back(names[i], "coalesce(" + sql_name(names[i]) + ", " + fills[i] + (number ? "::DOUBLE)" : ")"));
  inputs.write(select_replacing(shape, columns));
}

}  // namespace

extern const Step step_clean_missing;
const Step step_clean_missing =
    step<Options>({.name = "clean-missing",
                   .command = "table clean",
                   .group = "data",
                   .title = "Clean missing values",
                   .help = "Fills holes, or leaves out rows or columns that have them.",
                   .version = 2,
                   .inputs = {table_in, like_in},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("columns", &Options::columns, "where; all that can be filled so when left out"),
                   field("how", &Options::how, "fill with, or leave out",
                         {.choices = {"mean", "median", "mode", "value", "rows", "columns"}}),
                   field("value", &Options::value, "to fill with (how: value)"),
                   field("most", &Options::most, "share that may be missing in a column that stays (how: columns)",
                         {.min = 0, .max = 1})},
                  run);

}  // namespace gyre
