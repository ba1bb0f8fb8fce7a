// gyre forecast many: models of partitions answer to newer data, nothing is learned.
#include "data/gather.hpp"
#include "learn/parallel.hpp"
#include "model/session.hpp"
#include "search/holidays.hpp"
#include "search/many_forecasts.hpp"
#include "search/many_run.hpp"

namespace gyre {

namespace {

struct Options {
  std::string format = "csv";
};

// The registered file answers, in the run-time that serves it.
void forecast(const FormerRun& run, const Partition& partition, std::size_t ahead, std::size_t horizon,
              PartitionResult& result) {
  auto first = run.grid().steps(result.first_time, partition.first_time);
  if (!first) {
    result.trouble = "its times do not lie on the steps that its model was learned on";
    return;
  }
  auto session = Session::from_bytes(run.model(result));
  auto rows = static_cast<std::size_t>(session.inputs().at(0).shape.at(1)), window = rows - (ahead ? horizon : 0);
  if (partition.values.size() < window || partition.ahead.size() < (partition.values.size() + horizon) * ahead) {
    result.trouble = std::to_string(window) + " values are needed" +
                     (ahead ? ", and " + std::to_string(horizon) + " rows behind them of what is known ahead" : "") +
                     "; there are " + std::to_string(partition.values.size());
    return;
  }
  auto answers = session.run({window_of(partition, ahead, window, horizon, *first)});
  auto answer = answers.at(0).as<float>();
  result.forecast.assign(answer.begin(), answer.end());
  result.first_time = partition.first_time;
  result.points = partition.values.size();
}

void run(const Options& options, StepContext& context) {
  FormerRun models(context.input("models"));
  auto text = [&](const char* key) { return get_string(models.options(), key); };
  auto texts = [&](const char* key) { return json::value_to<std::vector<std::string>>(models.options().at(key)); };
  SeriesColumns columns{texts("by"), text("time"), text("target"), texts("ahead")};
  if (auto* fill = models.options().if_contains("fill")) columns.fill = std::string(fill->as_string());
  auto horizon = static_cast<std::size_t>(get_int(models.options(), "horizon"));
  fs::path input = context.input("data");
  auto table = load_series_table(input, name_of_input(input, "table"), columns, context.threads(), models.grid());
  // The days are the models': where more are known, they are learned anew.
  if (fs::path days = context.input("models") / "holidays.csv"; fs::exists(days))
    add_holidays(Holidays(days, "holidays.csv", context.threads()), table, columns, horizon, context.threads());
  std::vector<PartitionResult> results(table.partitions.size());
  for_each(results.size(), context.threads(), [&](std::size_t i) {
    auto& partition = table.partitions[i];
    auto* model = models.find(partition.keys);
    if (model) results[i] = *model;
    results[i].keys = partition.keys;
    if (!model)
      results[i].trouble = "there is no model of it";
    else if (!partition.trouble.empty())
      results[i].trouble = partition.trouble;
    else if (results[i].trouble.empty())
      forecast(models, partition, columns.ahead.size(), horizon, results[i]);
  });
  write_forecasts(context.output("forecasts") / ("forecasts." + options.format), columns, table.grid, results,
                  context.threads());
  std::size_t failed = 0;
  for (auto& result : results) {
    if (result.trouble.empty() || failed++ >= 5) continue;
    std::string name;
    for (auto& key : result.keys) name += (name.empty() ? "" : " / ") + key;
    context.say("no forecast of " + name + ": " + result.trouble);
  }
  if (failed > 5) context.say("and " + std::to_string(failed - 5) + " more");
  context.metric("forecasts", double(results.size() - failed));
  context.metric("failed", double(failed));
}

}  // namespace

extern const Step step_many_forecast;
const Step step_many_forecast =
    step<Options>({.name = "many-forecast",
                   .command = "forecast many",
                   .group = "train",
                   .title = "Forecast with the models of many partitions",
                   .help = "Asks the model of each partition what comes after newer rows; nothing is learned.",
                   .inputs = {{"data", "table", "a CSV or Parquet file with the columns that were learned from"},
                              {"models", "any", "what `gyre train many` gave"}},
                   .outputs = {{"forecasts", "any", "forecasts.csv or forecasts.parquet"}},
                   .parallel = true},
                  {field("format", &Options::format, "of the forecasts", {.choices = {"csv", "parquet"}})}, run);

}  // namespace gyre
