#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
  std::string how = "standard";
};

std::string select(const Options& options, const SqlShape& shape) {
  std::vector<std::pair<std::string, std::string>> columns;
  for (auto& name : shape.numbers(options.columns)) {
    std::string x = sql_name(name), whole = "(" + x + ") OVER ()";
    std::string sql = options.how == "standard" ? "coalesce((" + x + " - avg" + whole + ") / nullif(stddev_pop" +
                                                      whole + ", 0), " + x + " - avg" + whole + ")"
                                                : "coalesce((" + x + " - min" + whole + ") / nullif((max" + whole +
                                                      " - min" + whole + ")::DOUBLE, 0), " + x + " - min" + whole + ")";
    if (options.how == "log") sql = "CASE WHEN " + x + " > -1 THEN ln(1 + " + x + ") END";
    columns.emplace_back(name, sql);
  }
  return select_replacing(shape, columns);
}

}  // namespace

extern const Step step_normalise_columns;
const Step step_normalise_columns =
    step<Options>({.name = "normalise-columns",
                   .command = "table normalise",
                   .group = "data",
                   .title = "Normalise columns",
                   .help = "Brings numbers to one size: mean 0 and deviation 1, or a range of 0 to 1.",
                   .inputs = {table_in},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("columns", &Options::columns, "which numbers; all when left out"),
                   field("how", &Options::how, "to what", {.choices = {"standard", "min-max", "log"}})},
                  run_select<Options, select>);

}  // namespace gyre
