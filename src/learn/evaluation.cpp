#include "learn/evaluation.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/file.hpp"
#include "learn/parallel.hpp"

namespace gyre {

static Answered answered(const Predictor& predictor, const Dataset& data, const Sample& sample) {
  std::string bytes = read_file(data.file(sample));
  Answered result;
  result.sample = &sample;
  auto start = std::chrono::steady_clock::now();
  std::vector<std::string> notes;
  result.input = predictor.to_tensor(bytes, sample.path.string(), &notes);
  result.answer = predictor.to_answer(predictor.session().run({result.input}));
  result.answer.notes = std::move(notes);
  result.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return result;
}

void answer_all(const Predictor& predictor, const Dataset& data, StepContext& context, std::string_view what,
                const std::function<void(Answered&)>& take) {
  // In blocks, so that memory stays small and what is taken comes in order whatever the threads do.
  std::size_t block = static_cast<std::size_t>(std::max(1, context.threads())) * 16;
  std::vector<Answered> results;
  for (std::size_t done = 0; done < data.samples.size(); done += results.size()) {
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped before every sample was answered");
    results.assign(std::min(block, data.samples.size() - done), {});
    for_each(results.size(), context.threads(),
             [&](std::size_t i) { results[i] = answered(predictor, data, data.samples[done + i]); });
    for (auto& result : results) take(result);
    context.progress(static_cast<double>(done + results.size()), static_cast<double>(data.samples.size()), what);
  }
}

static std::vector<std::string> unknown_labels(const Signature& signature, const Dataset& data) {
  std::vector<std::string> unknown;
  for (auto& label : data.classes)
    if (std::find(signature.labels.begin(), signature.labels.end(), label) == signature.labels.end())
      unknown.push_back(label);
  return unknown;
}

static std::vector<std::string> joined(std::vector<std::string> labels, const std::vector<std::string>& more) {
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

Classified::Classified(const Signature& signature, const Dataset& data)
    : confusion(joined(signature.labels, unknown_labels(signature, data))), unknown(unknown_labels(signature, data)) {
  if (signature.task != "classify")
    throw Error(Code::unsupported,
                "the model does not classify (task \"" + signature.task + "\"), labels cannot judge it",
                "`gyre validate series` and `gyre validate life` are for models of series");
  if (unknown.size() == data.classes.size())
    throw Error(
        Code::invalid,
        "the model knows none of the data's labels (" + unknown[0] + " ...), but: " + signature.labels[0] + " ...",
        "is this the data set that the model is for?");
}

std::size_t Classified::class_of(const std::string& label) const {
  auto& labels = confusion.labels();
  return static_cast<std::size_t>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

void Classified::add(const Sample& truth, const Answer& answer) {
  std::size_t right = class_of(truth.label);
  confusion.add(right, class_of(answer.label));
  double probability = right < answer.probabilities.size() ? answer.probabilities[right] : 0;
  loss_ -= std::log(std::max(probability, 1e-15));
}

json::object Classified::report() const {
  json::object report = confusion.to_json();
  report["samples"] = confusion.total();
  report["log_loss"] = confusion.total() ? loss_ / static_cast<double>(confusion.total()) : 0;
  if (!unknown.empty()) report["unknown_labels"] = json::value_from(unknown);
  return report;
}

}  // namespace gyre
