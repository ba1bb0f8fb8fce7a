#include "base/file.hpp"
#include "base/step.hpp"
#include "learn/life.hpp"
#include "learn/metrics.hpp"
#include "learn/series_set.hpp"
#include "model/predict.hpp"

namespace gyre {

namespace {

struct EvaluateLife {
  double hold = 0.25;
  double every = 2;
  double most = 300;
};

// What is known of every run's remaining life, at the times at which the model is asked.
std::vector<double> truths_of(const SeriesSet& set, std::size_t steps, std::size_t stride, double most) {
  std::vector<double> truths;
  for (auto& run : set.recordings)
    for (std::size_t end = steps; end <= run.rows(); end += stride)
      truths.push_back(remaining_life(run.time.back(), run.time[end - 1], most));
  return truths;
}

void evaluate(const EvaluateLife& options, StepContext& context) {
  Predictor model(context.input("model"));
  const Signature& signature = model.signature();
  if (signature.takes != "series" || signature.task != "regress")
    throw Error(Code::invalid,
                "the model takes a " + signature.takes + " for the task " + signature.task +
                    ", where one is needed that tells remaining life",
                "train one with `gyre train life`");
  SeriesSet held = load_series_set(context.input("series"), Part::hold, options.hold, {}, signature.columns);
  SeriesSet trained = load_series_set(context.input("series"), Part::train, options.hold, {}, signature.columns);
  auto steps = static_cast<std::size_t>(signature.samples);
  auto stride = std::max<std::size_t>(1, static_cast<std::size_t>(options.every * held.rate + 0.5));
  std::vector<double> truths = truths_of(held, steps, stride, options.most), answers;
  Tensor window = Tensor::zeros(DataType::f32, {1, signature.samples, static_cast<std::int64_t>(held.columns.size())});
  double done = 0;
  for (auto& run : held.recordings) {
    for (std::size_t end = steps; end <= run.rows(); end += stride) {
      held.copy_window(run, end, steps, window.as<float>().data());
      answers.push_back(model.to_answer(model.session().run({window})).value);
    }
    context.progress(++done, static_cast<double>(held.recordings.size()), "runs");
  }
  if (answers.empty())
    throw Error(Code::invalid, "the runs held back are shorter than the model's window", "gather longer runs");
  // The rival that knows nothing of the run: the mean over the training side.
  std::vector<double> known = truths_of(trained, steps, stride, options.most);
  std::vector<double> means(truths.size(), mean(known.empty() ? truths : known));
  double error = rmse(truths, answers), error_of_mean = rmse(truths, means);
  context.metric("life_rmse", error);
  context.metric("life_rmse_mean", error_of_mean);
  json::object report{{"runs", held.recordings.size()},
                      {"windows", truths.size()},
                      {"rmse", error},
                      {"rmse_mean", error_of_mean},
                      {"mean_absolute_error", mean_absolute_error(truths, answers)},
                      {"unit", signature.unit}};
  write_file(context.output("report"), pretty(report));
}

}  // namespace

extern const Step step_evaluate_life = step<EvaluateLife>(
    {.name = "evaluate-life",
     .command = "validate life",
     .group = "validate",
     .title = "Validate remaining life",
     .help = "The error of a model of remaining life on whole runs that no training saw, beside that of the mean.",
     .inputs = {{"model", "model", "tells remaining life"}, {"series", "series", "runs to failure, one a file"}},
     .outputs = {{"report", "report", "root mean square error, and that of always answering the mean"}}},
    {field("hold", &EvaluateLife::hold, "share of the runs held back, as in training", {.min = 0, .max = 1}),
     field("every", &EvaluateLife::every, "seconds from one window to the next", {.min = 0.001, .max = 3600}),
     field("most", &EvaluateLife::most, "seconds: a longer life counts as this, as in training", {.min = 1})},
    evaluate);

}  // namespace gyre
