#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::string sql;
};

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "other"});
  inputs.write(options.sql);
}

}  // namespace

extern const Step step_query_table;
const Step step_query_table =
    step<Options>({.name = "query-table",
                   .command = "table query",
                   .group = "data",
                   .title = "Query with SQL",
                   .help = "Any SELECT over the tables, named \"table\" and other.",
                   .inputs = {table_in, {"other", "table", "a second table", true}},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("sql", &Options::sql, "SELECT ... FROM \"table\"", {.required = true})}, run);

}  // namespace gyre
