#include <cstdio>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "model/describe.hpp"

namespace gyre {

static std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// A thousand labels are no help to anybody.
static std::string first_of(const std::vector<std::string>& names) {
  constexpr std::size_t told = 20;
  if (names.size() <= told) return joined(names);
  return joined({names.begin(), names.begin() + told}) + " and " + std::to_string(names.size() - told) + " more";
}

template <class... Values>
static std::string format(const char* pattern, Values... values) {
  char text[128];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

static std::string ports_in_words(const json::array& ports) {
  std::string text;
  for (auto& port : ports) {
    auto shape = json::value_to<std::vector<std::int64_t>>(port.at("shape"));
    text += (text.empty() ? "" : ", ") + get_string(port, "name") + " (" + get_string(port, "type") + " " +
            shape_text(shape) + ")";
  }
  return text;
}

static std::string takes(const Signature& signature, const json::array& inputs) {
  if (signature.takes == "image") return "a picture (JPEG, PNG) of any size";
  if (signature.takes == "sound")
    return format("a sound of %g s at %d Hz", static_cast<double>(signature.samples) / signature.rate, signature.rate) +
           " (WAV, FLAC, OGG; others are resampled, cut or filled up)";
  if (signature.takes == "series")
    return format("%lld rows", static_cast<long long>(signature.samples)) +
           (signature.rate
                ? format(" (%g s at %d Hz)", static_cast<double>(signature.samples) / signature.rate, signature.rate)
                : "") +
           " of CSV with the columns " + joined(signature.columns);
  if (signature.takes == "table") return "rows of a table with the columns " + joined(signature.columns);
  return "JSON with " + ports_in_words(inputs);
}

static std::string gives(const Signature& signature, const json::array& outputs) {
  std::string text;
  if (signature.task == "classify")
    text = "one of " + std::to_string(signature.labels.size()) +
           " labels, with a probability for each: " + first_of(signature.labels);
  if (signature.task == "regress") text = "a value" + (signature.unit.empty() ? "" : " in " + signature.unit);
  if (signature.task == "forecast") text = "the next values" + (signature.unit.empty() ? "" : " in " + signature.unit);
  if (signature.task == "tensors") text = ports_in_words(outputs);
  for (auto& output : outputs)
    if (signature.task != "tensors" && get_string(output, "name") == "score")
      text += (text.empty() ? "" : "\n        ") + std::string("a score of how unusual the input is; alarm from ") +
              format("%g", signature.threshold);
  return text;
}

// A JSON value as people would write it: digests in short, members as "name value".
static std::string shown(const json::value& value) {
  if (auto* text = value.if_string()) {
    std::string_view all = *text;
    return std::string(is_digest(all) ? all.substr(0, 19) : all);
  }
  if (value.is_double()) return format("%g", value.get_double());
  std::string list;
  if (auto* object = value.if_object())
    for (auto& member : *object)
      list += (list.empty() ? "" : ", ") + std::string(member.key()) + " " + shown(member.value());
  else if (auto* array = value.if_array())
    for (auto& item : *array) list += (list.empty() ? "" : ", ") + shown(item);
  else
    return json::serialize(value);
  return list;
}

static std::string comes_from(const json::value& lineage) {
  auto* object = lineage.if_object();
  if (!object || object->empty()) return "it does not say";
  std::string text = string_or(lineage, "step", "");
  for (auto& member : *object) {
    if (member.key() == "step") continue;
    text += (text.empty() ? "" : "\n        ") + std::string(member.key()) + ": " + shown(member.value());
  }
  return text;
}

std::string in_words(const json::object& description) {
  auto signature = signature_from(description.at("signature"));
  std::string text;
  auto line = [&](const char* what, const std::string& words) { text += format("%-8s", what) + words + "\n"; };
  if (!signature.about.empty()) line("what", signature.about);
  line("takes", takes(signature, description.at("inputs").as_array()));
  line("gives", gives(signature, description.at("outputs").as_array()));
  line("from", comes_from(description.at("lineage")));
  line("size", short_size(description.at("bytes").to_number<double>()));
  line("digest", get_string(description, "digest"));
  if (auto* golden = find(description, "golden"))
    line("golden",
         std::to_string(get_int(*golden, "examples")) + " examples, largest difference here " +
             format("%g", get_number(*golden, "difference")) + ": " +
             (get_bool(*golden, "right") ? "right"
                                         : "WRONG, " + format("%g", get_number(*golden, "tolerance")) + " is allowed"));
  else
    line("golden", "no examples inside");
  return text;
}

// Lists in brackets, whatever is in them.
static std::string listed(const json::value& value) {
  auto* list = value.if_array();
  if (!list) return value.is_double() ? format("%g", value.get_double()) : json::serialize(value);
  std::string text;
  for (auto& item : *list) text += (text.empty() ? "" : ", ") + listed(item);
  return "[" + text + "]";
}

std::string in_words(const Answer& answer, const Signature& signature) {
  std::string text;
  if (signature.task == "classify") text = answer.label + format("  %.1f %%", answer.confidence * 100);
  if (signature.task == "regress")
    text = format("%g", answer.value) + (signature.unit.empty() ? "" : " " + signature.unit);
  for (float step : answer.forecast) text += (text.empty() ? "" : "  ") + format("%g", step);
  for (auto& member : answer.outputs) {
    std::string values = listed(member.value());
    if (values.size() > 200) values = values.substr(0, 200) + " ...";  // --json tells all
    text += (text.empty() ? "" : "  ") + std::string(member.key()) + " " + values;
  }
  if (answer.has_score)
    text += (text.empty() ? "" : "  ") + format("score %.4g", answer.score) + (answer.alarm ? "  ALARM" : "");
  if (!answer.notes.empty()) text += "  (" + joined(answer.notes) + ")";
  return text;
}

}  // namespace gyre
