// gyre train many: one forecasting model for each partition of a table.
#include <cmath>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "data/gather.hpp"
#include "learn/lineage.hpp"
#include "search/holidays.hpp"
#include "search/many_forecasts.hpp"
#include "search/many_run.hpp"
#include "search/many_totals.hpp"

namespace gyre {

extern const Step step_many;

namespace {

struct Options {
  std::vector<std::string> by;
  std::string time;
  std::string target;
  std::vector<std::string> ahead;
  std::int64_t horizon = 0;
  std::vector<std::string> learners{"naive", "linear", "theta", "ets"};
  std::int64_t folds = 3;
  std::int64_t season = 0;
  std::string fill = "between";
  std::string format = "csv";
  std::string reconcile = "none";
  bool only_changed = false;
  bool only_drifted = false;
  bool only_failed = false;
};

// "a,b" is two words: `--by brand,store` as well as `--by brand --by store`.
std::vector<std::string> apart(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  for (auto& word : words)
    for (std::size_t at = 0; at <= word.size();) {
      auto end = std::min(word.find(',', at), word.size());
      if (end > at) all.push_back(word.substr(at, end - at));
      at = end + 1;
    }
  return all;
}

json::object all_options(const Options& options) {
  return {{"by", json::value_from(options.by)},
          {"time", options.time},
          {"target", options.target},
          {"ahead", json::value_from(options.ahead)},
          {"horizon", options.horizon},
          {"learners", json::value_from(options.learners)},
          {"folds", options.folds},
          {"season", options.season},
          {"fill", options.fill}};
}

std::vector<std::string> wanted_learners(const Options& options) {
  std::vector<std::string> names;
  for (auto& name : options.learners)
    if (name == "all")
      for (auto& learner : forecast_learners()) names.push_back(learner.name);
    else
      names.push_back(forecast_learner(name).name);
  if (names.empty()) throw Error(Code::invalid, "no learner was named", "--learners naive,linear,theta,ets");
  return names;
}

void tell(StepContext& context, const SeriesTable& table, const std::vector<PartitionResult>& results,
          const ManyCounts& counts) {
  std::size_t filled = 0, told = 0;
  for (auto& result : results) {
    filled += result.filled;
    if (result.trouble.empty() || told++ >= 5) continue;
    std::string name;
    for (auto& key : result.keys) name += (name.empty() ? "" : " / ") + key;
    context.say("no model of " + (name.empty() ? "the table" : name) + ": " + result.trouble);
  }
  if (told > 5) context.say("and " + std::to_string(told - 5) + " more: `gyre many show` lists them");
  if (filled)
    context.say(counted(filled, "missing step was", "missing steps were") + " filled between their neighbours");
  if (counts.resumed)
    context.say(counted(counts.resumed, "partition", "partitions") + " taken over from the run that was cut off");
  if (counts.kept) context.say(counted(counts.kept, "model is", "models are") + " kept as they were");
  if (counts.drifted)
    context.say(counted(counts.drifted, "partition has", "partitions have") +
                " drifted: the old forecast was off by more than twice what its back-test led to expect");
  context.say(counted(counts.learned, "model", "models") + " of " + counted(table.rows, "row", "rows") + ", " +
              table.grid.words() + " from step to step");
}

void run(const Options& given, StepContext& context) {
  Options options = given;
  options.by = apart(given.by);
  options.ahead = apart(given.ahead);
  options.learners = apart(given.learners);
  options.learners = wanted_learners(options);
  fs::path input = context.input("data"), output = context.output("models");
  SeriesColumns columns{options.by, options.time, options.target, options.ahead, options.fill};
  context.progress(0, 1, "reading");
  auto table = load_series_table(input, name_of_input(input, "table"), columns, context.threads());
  Holidays holidays;
  json::object asked = all_options(options);
  if (context.has_input("holidays")) {
    fs::path file = context.input("holidays");
    holidays = Holidays(file, name_of_input(file, "holidays"), context.threads());
    asked["holidays"] = digest_of_file(file);
    make_folders(output);
    write_output(output / "holidays.csv", read_file(file));
  }
  add_holidays(holidays, table, columns, static_cast<std::size_t>(options.horizon), context.threads());
  ManyPlan plan{.columns = columns, .learners = options.learners};
  plan.test = {static_cast<std::size_t>(options.horizon), static_cast<std::size_t>(options.folds)};
  plan.calendar = table.grid.calendar();
  if (options.season) plan.calendar = {static_cast<std::size_t>(options.season), {double(options.season)}};
  plan.lineage = lineage_of(step_many, asked, context);

  ManyRun work(plan, table, context);
  std::optional<FormerRun> former;
  if (context.has_input("former")) {
    former.emplace(context.input("former"));
    ManyChoice choice{options.only_changed, options.only_drifted, options.only_failed};
    if (former->options() != asked) {
      context.say("the run before had other options: every model is learned anew");
      choice = {};
    }
    work.keep_from(*former, choice);
  }
  auto results = work.run(output);
  auto& counts = work.counts();
  fs::path forecasts = output / ("forecasts." + options.format);
  if (options.reconcile == "none") {
    write_forecasts(forecasts, columns, table.grid, results, context.threads());
  } else {
    auto with_totals = results;
    add_totals(options.reconcile, plan, table, with_totals, context);
    write_forecasts(forecasts, columns, table.grid, with_totals, context.threads());
  }

  json::object learners;
  double mase = 0, judged = 0;
  for (auto& result : results) {
    if (!result.trouble.empty()) continue;
    auto& count = learners[result.learner];
    count = count.is_null() ? 1 : count.as_int64() + 1;
    if (std::isfinite(result.mase)) mase += result.mase, judged++;
  }
  json::object report{{"options", asked},
                      {"rows", table.rows},
                      {"step", table.grid.words()},
                      {"grid", to_json(table.grid)},
                      {"partitions", results.size()},
                      {"models", results.size() - counts.failed},
                      {"learned", counts.learned},
                      {"kept", counts.kept},
                      {"failed", counts.failed},
                      {"drifted", counts.drifted},
                      {"learners", learners},
                      {"mase", judged > 0 ? json::value(mase / judged) : json::value()}};
  write_output(output / "report.json", pretty(report) + "\n");
  tell(context, table, results, counts);
  context.metric("models", double(results.size() - counts.failed));
  context.metric("failed", double(counts.failed));
  if (judged > 0) context.metric("mase", mase / judged);
}

}  // namespace

const Step step_many = step<Options>(
    {.name = "many",
     .command = "train many",
     .group = "train",
     .title = "Train a forecasting model for each partition",
     .help =
         "Cuts a table into series and learns a model of each: learners are compared by rolling back-test, the best "
         "is fitted to the whole history and forecasts.\n\n`gyre many` does the same and registers every model.",
     .version = 2,
     .inputs = {{"data", "table", "a CSV or Parquet file"},
                {"holidays", "table", "a CSV file of days that are not like others: date,name", true},
                {"former", "any", "what a run before gave: models are kept from it", true}},
     .outputs = {{"models", "any", "a pack of ONNX files, what each is, and the forecasts"}},
     .parallel = true},
    {field("by", &Options::by, "the columns whose values tell series apart: brand,store"),
     field("time", &Options::time, "the column with the time: dates or numbers, in equal steps", {.required = true}),
     field("target", &Options::target, "the column to forecast", {.required = true}),
     field("ahead", &Options::ahead,
           "columns known ahead, as promotions are: rows behind the last value say what they will be"),
     field("horizon", &Options::horizon, "how many steps to forecast", {.min = 1, .max = 1000, .required = true}),
     field("learners", &Options::learners, "which to choose among: naive, linear, trees, theta, ets, arima, or all"),
     field("folds", &Options::folds, "how often each is judged, on as many horizons before the end",
           {.min = 1, .max = 50}),
     field("season", &Options::season, "steps after which things repeat; 0: as the time's steps suggest",
           {.min = 0, .max = 10000}),
     field("fill", &Options::fill,
           "what a step without a value has: what lies between its neighbours, 0, or the last value before it",
           {.choices = fill_choices}),
     field("format", &Options::format, "of the forecasts", {.choices = {"csv", "parquet"}}),
     field("reconcile", &Options::reconcile,
           "totals by the first columns of --by, as rows with empty cells: bottom-up adds forecasts up, ols learns "
           "those of totals too and moves all the least so that they add up",
           {.choices = reconcile_choices}),
     field("only-changed", &Options::only_changed, "learn only from partitions that got data since the run before"),
     field("only-drifted", &Options::only_drifted,
           "learn only from partitions whose forecast was off by twice what was to be expected"),
     field("only-failed", &Options::only_failed, "learn only from partitions that there is no model of")},
    run);

}  // namespace gyre
