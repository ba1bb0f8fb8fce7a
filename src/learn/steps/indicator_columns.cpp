#include <algorithm>

#include "learn/prepare.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> columns;
  std::int64_t most = 50;
};

void run(const Options& options, StepContext& context) {
  SqlInputs inputs(context, {"table", "like"});
  for (auto& name : options.columns) inputs.shape().get(name), inputs.shape(inputs.learned_from()).get(name);
  std::vector<std::string> list;
  for (auto& column : inputs.shape().columns) {
    if (std::find(options.columns.begin(), options.columns.end(), column.name) == options.columns.end()) {
      list.push_back(column.quoted());
      continue;
    }
    std::size_t texts = 0;
    inputs.duck().query("SELECT DISTINCT " + column.quoted() + "::VARCHAR AS v FROM " +
                            sql_name(inputs.learned_from()) + " WHERE v IS NOT NULL ORDER BY v",
                        [&](const auto& row) {
                          std::string text = *row.text(0);
                          texts++;
                          list.push_back("coalesce(" + column.quoted() + "::VARCHAR = " + sql_text(text) +
                                         ", false)::INTEGER AS " + sql_name(column.name + "=" + text));
                        });
    if (texts > static_cast<std::size_t>(options.most))
      throw Error(Code::invalid,
                  inputs.shape().table + ": column \"" + column.name + "\" has " + std::to_string(texts) + " texts",
                  "allow more with --most, or group them first");
  }
  inputs.write("SELECT " + joined(list, ", ") + " FROM \"table\"");
}

}  // namespace

extern const Step step_indicator_columns;
const Step step_indicator_columns =
    step<Options>({.name = "indicator-columns",
                   .command = "table indicators",
                   .group = "data",
                   .title = "Indicator columns",
                   .help = "A column of 0 and 1 for each text of a column, in its place.",
                   .inputs = {table_in, like_in},
                   .outputs = {table_out},
                   .parallel = true},
                  {field("columns", &Options::columns, "which", {.required = true}),
                   field("most", &Options::most, "texts that a column may have", {.min = 2, .max = 10000})},
                  run);

}  // namespace gyre
