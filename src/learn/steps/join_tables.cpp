#include <algorithm>

#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> on;
  std::string kind = "inner";
};

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "other"});
  std::vector<std::string> keys;
  for (auto& name : options.on) {
    inputs.shape("table").get(name);
    keys.push_back(inputs.shape("other").get(name).quoted());
  }
  bool one_side = options.kind == "only" || options.kind == "without";
  std::string kind = options.kind == "only" ? "SEMI" : options.kind == "without" ? "ANTI" : options.kind;
  // Columns of the same name that are no key would be there twice: the second table's get its name before theirs.
  std::vector<std::string> list{one_side ? "\"table\".*" : "*"};
  if (!one_side) {
    list.clear();
    for (auto& column : inputs.shape("table").columns) {
      bool key = std::find(options.on.begin(), options.on.end(), column.name) != options.on.end();
      list.push_back(key ? column.quoted() : "\"table\"." + column.quoted());
    }
    for (auto& column : inputs.shape("other").columns) {
      if (std::find(options.on.begin(), options.on.end(), column.name) != options.on.end()) continue;
      bool twice = std::any_of(inputs.shape("table").columns.begin(), inputs.shape("table").columns.end(),
                               [&](auto& one) { return one.name == column.name; });
      list.push_back("other." + column.quoted() + (twice ? " AS " + sql_name("other." + column.name) : ""));
    }
  }
  inputs.write("SELECT " + joined(list, ", ") + " FROM \"table\" " + kind + " JOIN other USING (" + joined(keys, ", ") +
               ")");
}

}  // namespace

extern const Step step_join_tables;
const Step step_join_tables = step<Options>(
    {.name = "join-tables",
     .command = "table join",
     .group = "data",
     .title = "Join two tables",
     .help = "Brings rows together that have the same keys.",
     .inputs = {table_in, {"other", "table", "the second table"}},
     .outputs = {table_out},
     .parallel = true},
    {field("on", &Options::on, "the columns with the keys, named alike in both tables", {.required = true}),
     field("kind", &Options::kind,
           "whose rows stay: of both; the first; the second; either; the first where there is "
           "a second (only), where there is none (without)",
           {.choices = {"inner", "left", "right", "full", "only", "without"}})},
    run);

}  // namespace gyre
