#include "base/file.hpp"
#include "base/hash.hpp"
#include "learn/evaluation.hpp"
#include "model/sketch.hpp"

namespace gyre {

namespace {

struct Evaluate {
  double hold = 0.2;
  std::string part = "hold";
};

struct Judged {
  json::object report;
  json::array answers;
  Sketch sketch;
  std::vector<double> milliseconds;
};

Judged judge(const fs::path& model, const Dataset& data, StepContext& context, std::string_view what) {
  Predictor predictor(model);
  Classified classified(predictor.signature(), data);
  Judged judged;
  std::int64_t alarms = 0;
  bool scored = false;
  answer_all(predictor, data, context, what, [&](Answered& one) {
    classified.add(*one.sample, one.answer);
    alarms += one.answer.alarm;
    scored |= one.answer.has_score;
    judged.sketch.add(predictor.signature(), one.input, one.answer);
    judged.milliseconds.push_back(one.milliseconds);
    judged.answers.push_back({{"name", one.sample->path.string()},
                              {"label", one.sample->label},
                              {"answer", one.answer.to_json(predictor.signature())}});
  });
  judged.report = classified.report();
  judged.report["model"] = digest_of_file(model);
  if (scored) judged.report["alarms"] = alarms;
  for (auto& label : classified.unknown)
    context.say("the model does not know \"" + label + "\": each is a wrong answer");
  return judged;
}

void evaluate(const Evaluate& options, StepContext& context) {
  auto data = load_samples(context.input("data"), context.input("labels"), part_named(options.part), options.hold);
  for (auto& finding : data.findings) context.say(finding);
  auto judged = judge(context.input("model"), data, context, "validating");
  double accuracy = get_number(judged.report, "accuracy");
  context.metric("accuracy", accuracy);
  context.metric("macro_f1", get_number(judged.report, "macro_f1"));
  // Times differ at each run: they are metrics and not in the report, so that equal answers give an equal report.
  context.metric("p50_ms", quantile(judged.milliseconds, 0.5));
  context.metric("p99_ms", quantile(judged.milliseconds, 0.99));
  judged.report["part"] = options.part;
  judged.report["findings"] = json::value_from(data.findings);
  if (context.has_input("champion")) {
    auto champion = judge(context.input("champion"), data, context, "validating the champion");
    context.metric("champion_accuracy", get_number(champion.report, "accuracy"));
    judged.report["champion"] = std::move(champion.report);
  }
  write_file(context.output("report"), canonical(judged.report));
  write_file(context.output("answers"), canonical(judged.answers));
  write_file(context.output("sketch"), canonical(judged.sketch.to_json()));
}

}  // namespace

extern const Step step_evaluate;
const Step step_evaluate = step<Evaluate>(
    {.name = "evaluate",
     .command = "validate data",
     .group = "model",
     .title = "Validate on data",
     .help = "Lets a classifier answer the labelled samples of a data set and counts what is right.\n\n"
             "By default only the part that training never saw. A second model, the champion, may be judged beside it: "
             "`gyre validate gate` then decides.",
     .version = 1,
     .inputs = {{"model", "model", "the ONNX file"},
                {"data", "any", "the data set: pictures, sounds or series"},
                {"labels", "labels", "what is right"},
                {"champion", "model", "the model to be compared with", true}},
     .outputs = {{"report", "report", "accuracy, by class, confusion; the champion's beside it"},
                 {"answers", "report", "every answer, in name order"},
                 {"sketch", "report", "what usual inputs and answers look like: drift is measured from it"}}},
    {field("hold", &Evaluate::hold, "part held back for validation, chosen by content", {.min = 0, .max = 0.9}),
     field("part", &Evaluate::part, "which part is judged on", {.choices = {"hold", "train", "all"}})},
    evaluate);

}  // namespace gyre
