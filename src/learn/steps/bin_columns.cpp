#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
  std::int64_t bins = 10;
  std::string how = "quantiles";
};

std::string select(const Options& options, const SqlShape& shape) {
  std::vector<std::pair<std::string, std::string>> columns;
  std::string bins = std::to_string(options.bins);
  for (auto& name : shape.numbers(options.columns)) {
    std::string x = sql_name(name), whole = "(" + x + ") OVER ()";
    std::string by_width = "least(" + bins + " - 1, floor((" + x + " - min" + whole + ") * " + bins + " / nullif((max" +
                           whole + " - min" + whole + ")::DOUBLE, 0)))";
    // Equal numbers are in one bin: by the share of rows below.
    std::string by_rank = "least(" + bins + " - 1, floor(percent_rank() OVER (ORDER BY " + x + ") * " + bins + "))";
    columns.emplace_back(name, "CASE WHEN " + x + " IS NOT NULL THEN coalesce(" +
                                   (options.how == "width" ? by_width : by_rank) + ", 0)::INTEGER END");
  }
  return select_replacing(shape, columns);
}

}  // namespace

extern const Step step_bin_columns;
const Step step_bin_columns = step<Options>(
    {.name = "bin-columns",
     .command = "table bins",
     .group = "data",
     .title = "Group numbers into bins",
     .help = "Puts the number of a bin in place of a number: 0, 1, 2 ...",
     .inputs = {table_in},
     .outputs = {table_out},
     .parallel = true},
    {field("columns", &Options::columns, "which numbers; all when left out"),
     field("bins", &Options::bins, "how many", {.min = 2, .max = 10000}),
     field("how", &Options::how, "as many rows in each, or ranges of one width", {.choices = {"quantiles", "width"}})},
    run_select<Options, select>);

}  // namespace gyre
