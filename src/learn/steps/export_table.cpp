#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::string format = "csv";
};

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table"}, "file");
  inputs.duck().run("COPY (SELECT * FROM \"table\") TO " + inputs.path_of("file") +
                    (options.format == "csv" ? " (FORMAT csv, HEADER)" : " (FORMAT json)"));
}

}  // namespace

extern const Step step_export_table;
const Step step_export_table =
    step<Options>({.name = "export-table",
                   .command = "table export",
                   .group = "data",
                   .title = "Export a table",
                   .help = "Writes a table as CSV or JSON lines.",
                   .inputs = {table_in},
                   .outputs = {{"file", "table", "the file"}},
                   .parallel = true},
                  {field("format", &Options::format, "of the file", {.choices = {"csv", "jsonl"}})}, run);

}  // namespace gyre
