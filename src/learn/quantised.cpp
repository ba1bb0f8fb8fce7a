#include "learn/quantised.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/file.hpp"
#include "learn/metrics.hpp"
#include "model/graph.hpp"
#include "model/predict.hpp"

namespace gyre {

namespace {

// Integers answer a little differently on other processors: a rounding falls the other way.
constexpr const char* tolerance = "0.05";

std::vector<Tensor> tensors_of(const Predictor& predictor, const Dataset& data, std::size_t most) {
  std::vector<const Sample*> chosen;
  for (auto& sample : data.samples) chosen.push_back(&sample);
  // By digest: as good as by chance, and the same at each run.
  std::sort(chosen.begin(), chosen.end(), [](auto* a, auto* b) { return a->digest < b->digest; });
  if (chosen.size() > most) chosen.resize(most);
  std::vector<Tensor> tensors;
  std::vector<std::string> notes;
  for (auto* sample : chosen)
    tensors.push_back(predictor.to_tensor(read_file(data.file(*sample)), sample->path.string(), &notes));
  return tensors;
}

// The threshold of the score, moved as the scores moved: the straight line that best maps the old ones onto the new.
double moved_threshold(double threshold, const std::vector<double>& before, const std::vector<double>& after) {
  double mean_x = mean(before), mean_y = mean(after), xx = 0, xy = 0;
  for (std::size_t i = 0; i < before.size(); i++) {
    xx += (before[i] - mean_x) * (before[i] - mean_x);
    xy += (before[i] - mean_x) * (after[i] - mean_y);
  }
  double slope = xx > 0 ? xy / xx : 1;
  return mean_y + slope * (threshold - mean_x);
}

std::vector<Golden> golden_again(const Predictor& before, const Session& after, const std::vector<Tensor>& inputs) {
  auto found = before.session().metadata().find("gyre.golden");
  std::vector<Golden> golden;
  if (found != before.session().metadata().end()) golden = unpack_golden(found->second);
  if (golden.empty())
    for (std::size_t i = 0; i < std::min<std::size_t>(3, inputs.size()); i++) golden.push_back({{inputs[i]}, {}});
  for (auto& one : golden) one.outputs = after.run(one.inputs);
  return golden;
}

}  // namespace

std::string quantised_model(const std::filesystem::path& model, const Dataset& samples, std::size_t most,
                            const QuantiseOptions& options, const json::object& lineage, StepContext& context) {
  Predictor before(model);
  auto inputs = tensors_of(before, samples, most);
  Quantiser quantiser(read_file(model));
  quantiser.calibrate(inputs, options, context.threads(), [&](std::size_t done, std::size_t all) {
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped before every range was seen");
    context.progress(static_cast<double>(done), static_cast<double>(all), "calibrating");
  });
  std::string bytes = quantiser.finish(options);
  context.say(std::to_string(quantiser.operators()) + " operators compute in 8-bit integers, calibrated on " +
              std::to_string(inputs.size()) + " samples");

  auto after = Session::from_bytes(bytes);
  Signature signature = before.signature();
  std::vector<double> scores_before, scores_after;
  for (auto& input : inputs) {
    Answer was = before.to_answer(before.session().run({input})), is = before.to_answer(after.run({input}));
    if (!was.has_score) break;
    scores_before.push_back(was.score);
    scores_after.push_back(is.score);
  }
  if (!scores_before.empty()) signature.threshold = moved_threshold(signature.threshold, scores_before, scores_after);
  signature.about += std::string(signature.about.empty() ? "" : "; ") + "computes in 8-bit integers";
  return with_metadata(bytes, {{"gyre.signature", canonical(to_json(signature))},
                               {"gyre.lineage", canonical(lineage)},
                               {"gyre.golden", pack_golden(golden_again(before, after, inputs))},
                               {"gyre.tolerance", tolerance}});
}

static double timed(const Session& session, const Tensor& input, std::vector<Tensor>* outputs) {
  auto start = std::chrono::steady_clock::now();
  *outputs = session.run({input});
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

json::object compare_models(const std::filesystem::path& before, const std::string& after_bytes, const Dataset& samples,
                            StepContext& context, double* speed_up) {
  Predictor predictor(before);
  auto after = Session::from_bytes(after_bytes);
  std::size_t agree = 0, right_before = 0, right_after = 0, labelled = 0;
  double differences = 0, sizes = 0;
  std::vector<double> times_before, times_after;
  for (std::size_t i = 0; i < samples.samples.size(); i++) {
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped before the models were compared");
    auto& sample = samples.samples[i];
    std::vector<std::string> notes;
    std::vector<Tensor> outputs;
    auto input = predictor.to_tensor(read_file(samples.file(sample)), sample.path.string(), &notes);
    times_before.push_back(timed(predictor.session(), input, &outputs));
    Answer was = predictor.to_answer(outputs);
    times_after.push_back(timed(after, input, &outputs));
    Answer is = predictor.to_answer(outputs);
    agree += was.label == is.label;
    right_before += was.label == sample.label;
    right_after += is.label == sample.label;
    labelled += !sample.label.empty();
    double number = predictor.signature().task == "regress" ? was.value : was.score;
    differences += std::abs((predictor.signature().task == "regress" ? is.value : is.score) - number);
    sizes += std::abs(number);
    context.progress(static_cast<double>(i + 1), static_cast<double>(samples.samples.size()), "comparing");
  }
  *speed_up = quantile(times_before, 0.5) / quantile(times_after, 0.5);
  auto count = static_cast<double>(samples.samples.size());
  json::object report{{"samples", samples.samples.size()}};
  if (predictor.signature().task != "classify") {
    report["difference"] = sizes > 0 ? differences / sizes : 0;
    return report;
  }
  report["agreement"] = static_cast<double>(agree) / count;
  if (labelled == samples.samples.size()) {
    report["accuracy"] = static_cast<double>(right_after) / count;
    report["float_accuracy"] = static_cast<double>(right_before) / count;
  }
  return report;
}

}  // namespace gyre
