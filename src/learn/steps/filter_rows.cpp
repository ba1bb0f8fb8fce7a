#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::string where;
};

std::string select(const Options& options, const SqlShape&) {
  return "SELECT * FROM \"table\" WHERE (" + options.where + ")";
}

}  // namespace

extern const Step step_filter_rows;
const Step step_filter_rows = step<Options>(
    {.name = "filter-rows",
     .command = "table filter",
     .group = "data",
     .title = "Filter rows",
     .help = "Keeps the rows for which a condition holds.",
     .inputs = {table_in},
     .outputs = {table_out},
     .parallel = true},
    {field("where", &Options::where, "a condition in SQL, like: price > 10 AND colour = 'red'", {.required = true})},
    run_select<Options, select>);

}  // namespace gyre
