#include <charconv>

#include "model/predict.hpp"
#include "model/values.hpp"

namespace gyre {

double shortest(double value) {
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, static_cast<float>(value)).ptr;
  double result = value;
  std::from_chars(text, end, result);
  return result;
}

json::object Answer::to_json(const Signature& signature) const {
  json::object object;
  if (signature.task == "classify") {
    object["label"] = label;
    object["confidence"] = shortest(confidence);
    json::object all;
    for (std::size_t i = 0; i < probabilities.size(); i++) all[signature.labels[i]] = shortest(probabilities[i]);
    object["probabilities"] = std::move(all);
  }
  if (signature.task == "regress") {
    object["value"] = shortest(value);
    if (!signature.unit.empty()) object["unit"] = signature.unit;
  }
  if (signature.task == "forecast") {
    json::array steps;
    for (float step : forecast) steps.emplace_back(shortest(step));
    object["forecast"] = std::move(steps);
    if (!signature.unit.empty()) object["unit"] = signature.unit;
  }
  if (has_score) {
    object["score"] = shortest(score);
    object["alarm"] = alarm;
  }
  if (!outputs.empty()) object["outputs"] = outputs;
  if (!notes.empty()) object["notes"] = json::value_from(notes);
  return object;
}

}  // namespace gyre
