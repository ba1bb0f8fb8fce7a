#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
  double low = 0.01;
  double high = 0.99;
  std::string by = "share";
};

std::string select(const Options& options, const SqlShape& shape) {
  std::vector<std::pair<std::string, std::string>> columns;
  auto limit = [&](const std::string& x, double value) {
    std::string number = json::serialize(json::value(value));
    return options.by == "share" ? "quantile_cont(" + x + ", " + number + ") OVER ()" : number;
  };
  for (auto& name : shape.numbers(options.columns)) {
    std::string x = sql_name(name);
    columns.emplace_back(name, "CASE WHEN " + x + " IS NOT NULL THEN least(greatest(" + x + ", " +
                                   limit(x, options.low) + "), " + limit(x, options.high) + ") END");
  }
  return select_replacing(shape, columns);
}

}  // namespace

extern const Step step_clip_columns;
const Step step_clip_columns = step<Options>(
    {.name = "clip-columns",
     .command = "table clip",
     .group = "data",
     .title = "Clip numbers",
     .help = "Brings numbers beyond two limits back to them.",
     .inputs = {table_in},
     .outputs = {table_out},
     .parallel = true},
    {field("columns", &Options::columns, "which numbers; all when left out"),
     field("low", &Options::low, "the lower limit"), field("high", &Options::high, "the upper limit"),
     field("by", &Options::by, "whether limits are shares of the rows or values", {.choices = {"share", "value"}})},
    run_select<Options, select>);

}  // namespace gyre
