#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
  std::string how = "standard";
};

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "like"});
  auto names = inputs.learned_numbers(options.columns);
  std::vector<std::string> aggregates;
  for (auto& name : names) {
    std::string x = sql_name(name);
    bool standard = options.how == "standard";
    aggregates.push_back(standard ? "avg(" + x + ")" : "min(" + x + ")::DOUBLE");
    aggregates.push_back(standard ? "stddev_pop(" + x + ")" : "max(" + x + ")::DOUBLE - min(" + x + ")");
  }
  auto learned = inputs.learned(aggregates);
  std::vector<std::pair<std::string, std::string>> columns;
  for (std::size_t i = 0; i < names.size(); i++) {
    std::string x = sql_name(names[i]), zero = learned[2 * i] + "::DOUBLE", size = learned[2 * i + 1] + "::DOUBLE";
    columns.emplace_back(names[i], options.how == "log"
                                       ? "CASE WHEN " + x + " > -1 THEN ln(1 + " + x + ") END"
                                       : "(" + x + " - " + zero + ") / coalesce(nullif(" + size + ", 0), 1)");
  }
  inputs.write(select_replacing(inputs.shape(), columns));
}

}  // namespace

extern const Step step_normalise_columns;
const Step step_normalise_columns =
    step<Options>({.name = "normalise-columns",
                   .command = "table normalise",
                   .group = "data",
                   .title = "Normalise columns",
                   .help = "Brings numbers to one size: mean 0 and deviation 1, or a range of 0 to 1.",
                   .version = 2,
                   .inputs = {table_in, like_in},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("columns", &Options::columns, "which numbers; all when left out"),
                   field("how", &Options::how, "to what", {.choices = {"standard", "min-max", "log"}})},
                  run);

}  // namespace gyre
