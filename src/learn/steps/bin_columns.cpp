#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
  std::int64_t bins = 10;
  std::string how = "quantiles";
};

// The inner edges of the bins, as an aggregate that is a list.
std::string edges_of(const Options& options, const std::string& x) {
  std::string shares;
  for (std::int64_t i = 1; i < options.bins; i++)
    shares += (i > 1 ? ", " : "") + std::to_string(i) + "::DOUBLE / " + std::to_string(options.bins);
  if (options.how == "quantiles") return "quantile_cont(" + x + "::DOUBLE, [" + shares + "])";
  std::string low = "min(" + x + ")::DOUBLE", width = "(max(" + x + ")::DOUBLE - " + low + ")";
  return "list_transform([" + shares + "], share -> " + low + " + share * " + width + ")";
}

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "like"});
  auto names = inputs.learned_numbers(options.columns);
  std::vector<std::string> aggregates;
  for (auto& name : names) aggregates.push_back(edges_of(options, sql_name(name)));
  auto edges = inputs.learned(aggregates);
  std::vector<std::pair<std::string, std::string>> columns;
  for (std::size_t i = 0; i < names.size(); i++) {
    std::string x = sql_name(names[i]);
    columns.emplace_back(names[i], "CASE WHEN " + x + " IS NOT NULL THEN coalesce(len(list_filter(" + edges[i] +
                                       "::DOUBLE[], edge -> " + x + " >= edge)), 0)::INTEGER END");
  }
  inputs.write(select_replacing(inputs.shape(), columns));
}

}  // namespace

extern const Step step_bin_columns;
const Step step_bin_columns = step<Options>(
    {.name = "bin-columns",
     .command = "table bins",
     .group = "data",
     .title = "Group numbers into bins",
     .help = "Puts the number of a bin in place of a number: 0, 1, 2 ...",
     .version = 2,
     .inputs = {table_in, like_in},
     .outputs = {table_out},
     .parallel = true},
    {field("columns", &Options::columns, "which numbers; all when left out"),
     field("bins", &Options::bins, "how many", {.min = 2, .max = 10000}),
     field("how", &Options::how, "as many rows in each, or ranges of one width", {.choices = {"quantiles", "width"}})},
    run);

}  // namespace gyre
