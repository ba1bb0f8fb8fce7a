#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  double share = 0.2;
  std::vector<std::string> by;
};

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context);
  std::vector<std::string> list;
  for (auto& name : options.by) list.push_back(inputs.shape().get(name).quoted());
  for (auto& column : inputs.shape().columns)
    if (options.by.empty()) list.push_back(column.quoted());
  std::string held =
      "hash(" + joined(list, ", ") + ") / 18446744073709551616.0 < " + json::serialize(json::value(options.share));
  inputs.write("SELECT * FROM \"table\" WHERE NOT (" + held + ")");
  inputs.write("SELECT * FROM \"table\" WHERE " + held, "held");
}

}  // namespace

extern const Step step_split_table;
const Step step_split_table =
    step<Options>({.name = "split-table",
                   .command = "table split",
                   .group = "data",
                   .title = "Split a table",
                   .help = "Cuts rows in two, by the content of some columns: equal ones stay together.",
                   .inputs = {table_in},
                   .outputs = {table_out, {"held", "table", "the second part"}},
                   .parallel = true},
                  {field("share", &Options::share, "of the rows that go to the second part", {.min = 0, .max = 1}),
                   field("by", &Options::by, "columns that tell what belongs together; the whole row when left out")},
                  run);

}  // namespace gyre
