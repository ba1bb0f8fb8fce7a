#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
  double low = 0.01;
  double high = 0.99;
  std::string by = "share";
};

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "like"});
  auto names = inputs.learned_numbers(options.columns);
  std::vector<std::string> limits;
  for (auto& name : names)
    for (double limit : {options.low, options.high}) {
      std::string number = json::serialize(json::value(limit));
      limits.push_back(options.by == "share" ? "quantile_cont(" + sql_name(name) + "::DOUBLE, " + number + ")"
                                             : number);
    }
  if (options.by == "share") limits = inputs.learned(limits);
  std::vector<std::pair<std::string, std::string>> columns;
  for (std::size_t i = 0; i < names.size(); i++) {
    std::string x = sql_name(names[i]);
    columns.emplace_back(names[i], "CASE WHEN " + x + " IS NOT NULL THEN least(greatest(" + x + ", " + limits[2 * i] +
                                       "::DOUBLE), " + limits[2 * i + 1] + "::DOUBLE) END");
  }
  inputs.write(select_replacing(inputs.shape(), columns));
}

}  // namespace

extern const Step step_clip_columns;
const Step step_clip_columns = step<Options>(
    {.name = "clip-columns",
     .command = "table clip",
     .group = "data",
     .title = "Clip numbers",
     .help = "Brings numbers beyond two limits back to them.",
     .version = 2,
     .inputs = {table_in, like_in},
     .outputs = {table_out},
     .parallel = true},
    {field("columns", &Options::columns, "which numbers; all when left out"),
     field("low", &Options::low, "the lower limit"), field("high", &Options::high, "the upper limit"),
     field("by", &Options::by, "whether limits are shares of the rows or values", {.choices = {"share", "value"}})},
    run);

}  // namespace gyre
