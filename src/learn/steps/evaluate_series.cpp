#include "base/file.hpp"
#include "base/step.hpp"
#include "learn/alarms.hpp"
#include "learn/series_set.hpp"
#include "model/predict.hpp"

namespace gyre {

namespace {

struct EvaluateSeries {
  double every = 1;
  double merge = 5;
};

struct Watched {
  Alarms alarms;
  RuleCounts counts;
};

// Plays every recording past the model, window after window, as a device would.
Watched watch(const Predictor& model, const Intervals& intervals, const std::optional<Rule>& rule,
              const EvaluateSeries& options, StepContext& context) {
  const Signature& signature = model.signature();
  SeriesSet set = load_series_set(context.input("series"), Part::all, 0, rule, signature.columns);
  auto steps = static_cast<std::size_t>(signature.samples);
  auto stride = std::max<std::size_t>(1, static_cast<std::size_t>(options.every * set.rate + 0.5));
  Watched watched{{}, set.counts};
  Tensor window = Tensor::zeros(DataType::f32, {1, signature.samples, static_cast<std::int64_t>(set.columns.size())});
  double done = 0;
  for (auto& recording : set.recordings) {
    auto known = intervals.of.find(recording.digest);
    if (known == intervals.of.end())
      throw Error(Code::invalid, recording.name + ": the intervals say nothing of this recording",
                  "give the intervals that belong to these series");
    std::vector<double> times;
    for (std::size_t end = steps; end <= recording.rows(); end += stride) {
      set.copy_window(recording, end, steps, window.as<float>().data());
      if (model.to_answer(model.session().run({window})).alarm) times.push_back(recording.time[end - 1]);
    }
    std::size_t before = watched.alarms.wrong.size();
    judge_alarms(times, known->second, {static_cast<double>(steps) / set.rate, options.merge}, watched.alarms);
    for (std::size_t i = before; i < watched.alarms.wrong.size(); i++) watched.alarms.wrong[i].what = recording.name;
    if (recording.rows()) watched.alarms.seconds += recording.time.back() - recording.time.front();
    context.progress(++done, static_cast<double>(set.recordings.size()), rule ? "with the rule" : "raw readings");
  }
  return watched;
}

json::object to_json(const Watched& watched, bool rule) {
  json::array wrong;
  for (auto& alarm : watched.alarms.wrong)
    wrong.push_back(json::object{{"recording", alarm.what}, {"from", alarm.from}, {"to", alarm.to}});
  json::object result{{"alarms", watched.alarms.alarms},   {"false_alarms", watched.alarms.false_alarms},
                      {"faults", watched.alarms.faults},   {"found", watched.alarms.found},
                      {"recall", watched.alarms.recall()}, {"hours", watched.alarms.seconds / 3600},
                      {"false", std::move(wrong)}};
  if (rule) result["readings"] = to_json(watched.counts);
  return result;
}

void evaluate(const EvaluateSeries& options, StepContext& context) {
  Predictor model(context.input("model"));
  if (model.signature().takes != "series" || model.signature().task != "anomaly")
    throw Error(Code::invalid,
                "the model takes a " + model.signature().takes + " for the task " + model.signature().task +
                    ", where one is needed that finds anomalies in series",
                "train one with `gyre train series`");
  Intervals intervals = load_intervals(context.input("intervals"));
  Watched raw = watch(model, intervals, {}, options, context);
  json::object report{{"raw", to_json(raw, false)}};
  auto tell = [&](const Watched& watched, const std::string& name) {
    context.metric("false_alarms_" + name, watched.alarms.false_alarms);
    context.metric("recall_" + name, watched.alarms.recall());
    context.say(name + ": " + std::to_string(watched.alarms.false_alarms) + " false alarms, " +
                std::to_string(watched.alarms.found) + " of " + std::to_string(watched.alarms.faults) +
                " faults found");
  };
  tell(raw, "raw");
  if (context.has_input("rule")) {
    std::optional<Rule> rule = load_rule(context.input("rule"));
    Watched cleaned = watch(model, intervals, rule, options, context);
    report["rule"] = to_json(cleaned, true);
    tell(cleaned, "rule");
  }
  write_file(context.output("report"), pretty(report));
}

}  // namespace

extern const Step step_evaluate_series = step<EvaluateSeries>(
    {.name = "evaluate-series",
     .command = "validate series",
     .group = "validate",
     .title = "Validate alarms on series",
     .help =
         "Counts false alarms and found faults of a model that finds anomalies, with and without a stream rule.\n\n"
         "Alarming windows that follow each other are one alarm. It is false when no labelled fault is around it; a "
         "fault is found when there is an alarm in it.",
     .inputs = {{"model", "model", "finds anomalies in series"},
                {"series", "series", "recordings that no training saw"},
                {"intervals", "intervals", "when something was wrong in them"},
                {"rule", "rule", "cleans the readings before the model takes them", true}},
     .outputs = {{"report", "report", "false alarms and recall, raw and with the rule"}}},
    {field("every", &EvaluateSeries::every, "seconds from one window to the next", {.min = 0.001, .max = 3600}),
     field("merge", &EvaluateSeries::merge, "seconds: alarms with less between them are one", {.min = 0, .max = 3600})},
    evaluate);

}  // namespace gyre
