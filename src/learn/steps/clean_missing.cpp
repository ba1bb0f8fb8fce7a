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

std::vector<std::string> chosen(const Options& options, const SqlShape& shape) {
  if (options.how == "mean" || options.how == "median") return shape.numbers(options.columns);
  std::vector<std::string> names;
  for (auto& name : options.columns) names.push_back(shape.get(name).name);
  for (auto& column : shape.columns)
    if (options.columns.empty()) names.push_back(column.name);
  return names;
}

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context);
  auto& shape = inputs.shape();
  auto names = chosen(options, shape);
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
      inputs.duck().query("SELECT 1 - count(" + column.quoted() + ")::DOUBLE / greatest(count(*), 1) FROM \"table\"",
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
  std::vector<std::pair<std::string, std::string>> columns;
  for (auto& name : names) {
    std::string quoted = sql_name(name);
    std::string fill = options.how == "value" ? sql_text(options.value) : options.how + "(" + quoted + ") OVER ()";
    columns.emplace_back(name, "coalesce(" + quoted + ", " + fill + ")");
  }
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
                   .inputs = {table_in},
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
