// gyre auto: a table, a target and a budget become the best model that can be found, as one ONNX file.
#include "base/clock.hpp"
#include "base/file.hpp"
#include "data/gather.hpp"
#include "learn/lineage.hpp"
#include "search/auto/anomaly.hpp"
#include "search/auto/automl.hpp"
#include "search/auto/card.hpp"
#include "search/auto/forecast.hpp"
#include "search/auto/guardrails.hpp"

namespace gyre {

extern const Step step_auto;

namespace {

struct Options {
  std::string target;
  std::string budget = "60s";
  std::string metric = "auto";
  std::string task = "auto";
  std::string odd;
  std::vector<std::string> types;
  std::vector<std::string> leave_out;
  std::string group;
  std::string time;
  std::int64_t window = 0;
  double cap = 0;
  std::int64_t horizon = 0;
  std::vector<std::string> ahead;
  double latency = 0;
  double megabytes = 0;
  std::int64_t folds = 0;
  std::int64_t candidates = 1000;
  std::int64_t seed = 1;
};

const std::vector<Field> fields{
    field("target", &Options::target,
          "the column to learn; of --task anomaly one that says which rows are odd, to judge by: it may be left out"),
    field("budget", &Options::budget, "time until the model is there: 30s, 5m, 2h"),
    field("metric", &Options::metric,
          "what is made best: auc, log_loss, accuracy, rmse, mae, r2 ...; auto: AUC of two labels, log loss of more, "
          "RMSE of numbers"),
    field("task", &Options::task,
          "labels or numbers, auto: as the target looks; forecast: how a series goes on (--time, --horizon); anomaly: "
          "which rows are odd",
          {.choices = {"auto", "classify", "regress", "forecast", "anomaly"}}),
    field("odd", &Options::odd, "of --task anomaly: the target's label that odd rows have; else the rarer of two"),
    field("types", &Options::types, "COLUMN=TYPE instead of what is worked out; may be given several times"),
    field("leave-out", &Options::leave_out, "a column that is not learned from; may be given several times"),
    field("group", &Options::group,
          "a column that says which rows belong together (a machine, a customer): none is judged by its own kin"),
    field("time", &Options::time, "a column that puts the rows of a group in order; rows as they come without it"),
    field("window", &Options::window,
          "rows of a group that an answer may rest on: the model takes a series of so many; 0: each row by itself",
          {.min = 0, .max = 10000}),
    field("cap", &Options::cap, "targets above this count as this; 0: as they are", {.min = 0}),
    field("horizon", &Options::horizon, "steps to forecast", {.min = 0, .max = 1000}),
    field("ahead", &Options::ahead,
          "a column of a series that is known ahead, as promotions are; may be given several times"),
    field("latency", &Options::latency, "milliseconds that one row may take on one core; 0: any", {.min = 0}),
    field("megabytes", &Options::megabytes, "size of the model at most; 0: any", {.min = 0}),
    field("folds", &Options::folds, "parts of the cross-validation; 1: a part is held back; 0: as fits the rows",
          {.min = 0, .max = 50}),
    field("candidates", &Options::candidates, "pipelines to try at most; a second level comes on top", {.min = 1}),
    field("seed", &Options::seed, "of folds and learners", {.min = 0}),
};

double seconds_of(const std::string& text) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::logic_error&) {
    used = 0;
  }
  std::string unit = text.substr(used);
  double factor = unit.empty() || unit == "s" ? 1 : unit == "m" || unit == "min" ? 60 : unit == "h" ? 3600 : 0;
  if (used == 0 || factor == 0 || !(value > 0))
    throw Error(Code::invalid, "budget: \"" + text + "\" is no time", "write it like 30s, 5m or 2h");
  return value * factor;
}

json::object given(const Options& options) {
  return {{"target", options.target},
          {"budget", options.budget},
          {"metric", options.metric},
          {"task", options.task},
          {"odd", options.odd},
          {"types", json::value_from(options.types)},
          {"leave-out", json::value_from(options.leave_out)},
          {"group", options.group},
          {"time", options.time},
          {"window", options.window},
          {"cap", options.cap},
          {"horizon", options.horizon},
          {"ahead", json::value_from(options.ahead)},
          {"latency", options.latency},
          {"megabytes", options.megabytes},
          {"folds", options.folds},
          {"candidates", options.candidates},
          {"seed", options.seed}};
}

// Of the rows numbered `all`, those numbered `some`: both rise.
std::vector<std::size_t> kept(const std::vector<std::size_t>& groups, const std::vector<std::uint32_t>& all,
                              const std::vector<std::uint32_t>& some) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < groups.size(); i++)
    if (result.size() < some.size() && all[i] == some[result.size()]) result.push_back(groups[i]);
  return result;
}

Guardrail cap(Target& target, double most) {
  if (target.task != Task::regress)
    throw Error(Code::invalid, "--cap is for numbers, and \"" + target.column + "\" has labels", "--task regress");
  std::size_t count = 0;
  for (double& value : target.values)
    if (value > most) value = most, count++;
  return {"cap", "done", counted(count, "target counts", "targets count") + " as less than it is"};
}

// A search takes time however long reading did: then it has half of the budget for itself, and the end comes later.
std::optional<Guardrail> leave_time_to_search(AutoRequest& request) {
  double read = seconds_since_start() - request.began;
  if (read < request.budget / 2) return std::nullopt;
  request.began += read - request.budget / 2;
  return Guardrail{"budget", "alerted",
                   "reading the table took " + five_digits(read) + " s of the " + five_digits(request.budget) +
                       " s: the search has half of the budget all the same, and the end comes later"};
}

void write(json::object& report, const std::string& model, const std::string& target, StepContext& context) {
  report["title"] = "A model of " + target;
  for (const char* name : {"score", "default_score", "latency_ms"})
    if (auto value = find_number(report, name)) context.metric(name, *value);
  write_output(context.output("report"), pretty(report) + "\n");
  write_output(context.output("card"), card_of(report));
  write_output(context.output("model"), model);
}

void forecast(const Options& options, StepContext& context) {
  if (options.time.empty() || options.horizon < 1)
    throw Error(Code::invalid, "--task forecast needs a column with the time and how far to look",
                "like --time date --horizon 12");
  ManyPlan plan;
  plan.columns = {.by = {}, .time = options.time, .target = options.target, .ahead = options.ahead};
  plan.test.horizon = static_cast<std::size_t>(options.horizon);
  plan.test.folds = options.folds ? static_cast<std::size_t>(options.folds) : 5;
  plan.lineage = lineage_of(step_auto, given(options), context);
  auto path = context.input("table");
  auto found = find_forecaster(path, name_of_input(path, "table"), std::move(plan), context.threads());
  write(found.report, found.bytes, options.target, context);
}

Table read_whole(const Options& options, StepContext& context) {
  auto path = context.input("table");
  Table whole = read_table(path, {.types = types_from(options.types),
                                  .name = name_of_input(path, "table"),
                                  .threads = context.threads(),
                                  .target = options.target,
                                  .task = options.task});
  for (auto& name : options.leave_out) whole = whole.without(whole.get(name).name);
  return whole;
}

void anomaly(const Options& options, StepContext& context) {
  double budget = seconds_of(options.budget);
  Table whole = read_whole(options, context);
  std::optional<OddRows> odd;
  if (!options.target.empty()) {
    odd = odd_rows(whole, options.target, options.odd);
    whole = whole.without(whole.get(options.target).name);
  }
  AnomalyRequest request{context.threads(), static_cast<std::uint64_t>(options.seed),
                         [&] { return context.stop_requested() || seconds_since_start() > 0.8 * budget; },
                         [&](const std::string& line) { context.say(line); }};
  auto found =
      find_anomaly_model(whole, odd ? &*odd : nullptr, request, lineage_of(step_auto, given(options), context));
  found.report["guardrails"] = to_json(look_at_rows(whole));
  write(found.report, found.bytes, "what is odd in " + whole.name, context);
}

void run(const Options& options, StepContext& context) {
  double began = seconds_since_start();  // the budget counts from here: the clock starts when it is first asked
  if (options.task == "anomaly") return anomaly(options, context);
  if (options.target.empty())
    throw Error(Code::invalid, "auto: no column is named to learn",
                "--target COLUMN; or --task anomaly, which needs none");
  if (options.task == "forecast") return forecast(options, context);
  AutoRequest request{.metric = options.metric,
                      .folds = static_cast<std::size_t>(options.folds),
                      .threads = context.threads(),
                      .seed = static_cast<std::uint64_t>(options.seed),
                      .began = began,
                      .budget = seconds_of(options.budget),
                      .latency_ms = options.latency,
                      .megabytes = options.megabytes,
                      .most_candidates = static_cast<std::size_t>(options.candidates)};
  Table whole = read_whole(options, context);
  std::optional<RowHistory> history;
  if (options.window > 0) {
    if (options.group.empty())
      throw Error(Code::invalid, "--window needs rows that belong together",
                  "--group names the column that says which do");
    history.emplace(whole, options.target,
                    HistoryOptions{options.group, options.time, static_cast<std::size_t>(options.window)});
    request.history = &*history;
  } else if (!options.time.empty()) {
    throw Error(Code::invalid, "--time puts rows in order that answers rest on, and there is no --window",
                "--window says how many; --task forecast is for a series");
  }
  std::vector<std::size_t> groups;
  if (!options.group.empty()) {
    groups = groups_of(whole, options.group);
    whole = history ? history->features() : whole.without(whole.get(options.group).name);
  }
  std::vector<std::uint32_t> numbers = whole.row_numbers;
  auto [table, target] = learnable(std::move(whole), options.target, options.task);
  request.groups = kept(groups, numbers, table.row_numbers);
  std::vector<std::string> findings = table.findings;
  say_all(context, findings);
  auto guardrails = look_at(table, target);
  if (options.cap > 0) guardrails.push_back(cap(target, options.cap));
  if (auto late = leave_time_to_search(request)) guardrails.push_back(*late);
  for (auto& one : guardrails)
    if (one.state != "passed") context.say(one.name + " " + one.state + ": " + one.text);
  AutoEvents events{.stop = [&] { return context.stop_requested(); },
                    .say = [&](const std::string& line) { context.say(line); },
                    .scored = [&](double score, std::int64_t at) { context.metric("best_score", score, at); },
                    .progress = [&](double share, const std::string& what) { context.progress(share, 1, what); }};
  AutoOutcome outcome = find_model(table, target, request, lineage_of(step_auto, given(options), context), events);
  json::object& report = outcome.report;
  report["guardrails"] = to_json(guardrails);
  auto& told = report.at("findings").as_array();
  for (auto& finding : told) context.say(std::string(finding.as_string()));
  for (std::size_t i = 0; i < findings.size(); i++)
    told.insert(told.begin() + static_cast<std::ptrdiff_t>(i), json::value(findings[i]));
  write(report, outcome.exported.bytes, target.column, context);
}

}  // namespace

const Step step_auto = step<Options>(
    {.name = "auto",
     .command = "auto",
     .group = "train",
     .title = "Find a model of a table",
     .help = "Finds the best model of a column within a budget of time.\n\n"
             "Pipelines are judged by cross-validation, the best are put together, and the whole is one ONNX file that "
             "takes raw rows. Ctrl-C gives the best so far (docs/auto.md).",
     .version = 2,
     .inputs = {{"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"model", "model", "the ONNX file"},
                 {"report", "report", "leaderboard, members, scores, guardrails"},
                 {"card", "report", "the same for people, as Markdown"}},
     .parallel = true},
    fields, run);

}  // namespace gyre
