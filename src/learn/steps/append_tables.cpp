#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::string what = "rows";
};

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "other"});
  inputs.write(options.what == "rows" ? "SELECT * FROM \"table\" UNION ALL BY NAME SELECT * FROM other"
                                      : "SELECT * FROM \"table\" POSITIONAL JOIN other");
}

}  // namespace

extern const Step step_append_tables;
const Step step_append_tables =
    step<Options>({.name = "append-tables",
                   .command = "table append",
                   .group = "data",
                   .title = "Append rows or columns",
                   .help = "Puts a second table below the first, by names, or beside it.",
                   .inputs = {table_in, {"other", "table", "the second table"}},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("what", &Options::what, "rows: below, a column that one lacks is empty there; columns: beside",
                         {.choices = {"rows", "columns"}})},
                  run);

}  // namespace gyre
