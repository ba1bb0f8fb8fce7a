#include "base/file.hpp"
#include "base/step.hpp"
#include "data/dataset.hpp"
#include "learn/metrics.hpp"
#include "model/predict.hpp"

namespace gyre {

namespace {

struct EvaluateUnseen {
  double hold = 0.2;
};

struct Scores {
  std::vector<double> scores;
  std::size_t alarms = 0;
};

Scores score_all(const Predictor& model, const Dataset& data, std::string_view what, StepContext& context) {
  Scores result;
  for (auto& sample : data.samples) {
    Answer answer = model.predict(read_file(data.file(sample)), sample.path.string());
    if (!answer.has_score)
      throw Error(Code::invalid, "the model gives no score",
                  "train one that does: `gyre train sounds` or `train images`");
    result.scores.push_back(answer.score);
    result.alarms += answer.alarm;
    context.progress(static_cast<double>(result.scores.size()), static_cast<double>(data.samples.size()), what);
  }
  return result;
}

void evaluate(const EvaluateUnseen& options, StepContext& context) {
  Predictor model(context.input("model"));
  Scores known = score_all(
      model, load_samples(context.input("known"), context.input("labels"), Part::hold, options.hold), "known", context);
  Scores unseen = score_all(model, load_dataset(context.input("unseen")), "unseen", context);
  double area = roc_auc(unseen.scores, known.scores);
  auto share = [](const Scores& scores) {
    return static_cast<double>(scores.alarms) / static_cast<double>(scores.scores.size());
  };
  context.metric("unseen_auc", area);
  write_file(context.output("report"), pretty(json::object{{"unseen_auc", area},
                                                           {"known", known.scores.size()},
                                                           {"known_alarms", share(known)},
                                                           {"unseen", unseen.scores.size()},
                                                           {"unseen_alarms", share(unseen)},
                                                           {"threshold", model.signature().threshold}}));
}

}  // namespace

extern const Step step_evaluate_unseen = step<EvaluateUnseen>(
    {.name = "evaluate-unseen",
     .command = "validate unseen",
     .group = "validate",
     .title = "Validate on what no training had",
     .help =
         "How well a classifier's score tells samples of unknown kinds from the held-back known ones (area under the "
         "ROC curve).",
     .inputs = {{"model", "model", "a classifier that gives a score"},
                {"known", "any", "the data set it was trained on: its held-back part is taken"},
                {"labels", "labels", "of the known samples"},
                {"unseen", "any", "samples of kinds that no training had"}},
     .outputs = {{"report", "report", "area under the curve, shares above the threshold"}}},
    {field("hold", &EvaluateUnseen::hold, "share of the known samples held back, as in training",
           {.min = 0, .max = 1})},
    evaluate);

}  // namespace gyre
