#include "model/predict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/error.hpp"
#include "media/image.hpp"
#include "media/series.hpp"
#include "media/sound.hpp"
#include "model/table_rows.hpp"
#include "model/values.hpp"

namespace gyre {

static std::string seconds(std::size_t samples, int rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", static_cast<double>(samples) / rate);
  return text;
}

static Tensor from_image(std::string_view bytes, std::string_view where) {
  Image image = decode_image(bytes, where);
  auto pixels = std::as_bytes(std::span(image.pixels));
  return {DataType::u8, {1, image.height, image.width, 3}, {pixels.begin(), pixels.end()}, {}};
}

static Tensor from_sound(const Signature& signature, std::string_view bytes, std::string_view where,
                         std::vector<std::string>* notes) {
  Sound sound = decode_sound(bytes, where);
  if (sound.rate != signature.rate) {
    notes->push_back("resampled from " + std::to_string(sound.rate) + " Hz to " + std::to_string(signature.rate) +
                     " Hz");
    sound = resample(sound, signature.rate);
  }
  auto wanted = static_cast<std::size_t>(signature.samples);
  if (auto have = sound.samples.size(); have != wanted) {
    notes->push_back((have > wanted ? "cut from " : "filled up with silence from ") + seconds(have, signature.rate) +
                     " to " + seconds(wanted, signature.rate));
    sound.samples.resize(wanted);
  }
  return Tensor::floats({1, signature.samples}, sound.samples);
}

static bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// The column of that name; written in other letters (Temp, temp) when there is no exact one.
static std::size_t column_named(const Series& series, const std::string& name, std::string_view where) {
  if (auto exact = series.find_column(name)) return *exact;
  for (std::size_t i = 0; i < series.columns.size(); i++)
    if (same_name(series.columns[i], name)) return i;
  return series.get_column(name, where);  // throws
}

Tensor series_tensor(const Series& series, const Signature& signature, std::size_t end, std::string_view where) {
  std::size_t width = signature.columns.size(), steps = static_cast<std::size_t>(signature.samples);
  Tensor tensor = Tensor::zeros(DataType::f32, {1, signature.samples, static_cast<std::int64_t>(width)});
  auto values = tensor.as<float>();
  for (std::size_t i = 0; i < width; i++) {
    std::size_t column = column_named(series, signature.columns[i], where);
    for (std::size_t step = 0; step < steps; step++) {
      bool missing = end + step < steps;
      double value = missing ? std::numeric_limits<double>::quiet_NaN() : series.at(end + step - steps, column);
      if (std::abs(value) > std::numeric_limits<float>::max())
        throw Error(Code::invalid,
                    std::string(where) + ": column \"" + signature.columns[i] + "\": a reading is out of range");
      values[step * width + i] = static_cast<float>(value);
    }
  }
  return tensor;
}

static Tensor from_series(const Signature& signature, std::string_view bytes, std::string_view where,
                          std::vector<std::string>* notes) {
  Series series = decode_series(bytes, where);
  auto rows = series.rows(), wanted = static_cast<std::size_t>(signature.samples);
  if (rows == 0) throw Error(Code::invalid, std::string(where) + ": has a header but no rows");
  if (rows > wanted) notes->push_back("the last " + std::to_string(wanted) + " of " + std::to_string(rows) + " rows");
  if (rows < wanted)
    notes->push_back(std::to_string(rows) + " rows of " + std::to_string(wanted) + ": those before are missing");
  return series_tensor(series, signature, rows, where);
}

// What the model says of itself must be so.
static void check_signature(const Signature& signature, const std::vector<TensorInfo>& inputs,
                            const std::vector<TensorInfo>& outputs, const std::string& path) {
  auto wanted = signature.takes == "image" ? DataType::u8 : DataType::f32;
  bool any_inputs = signature.takes == "table" || signature.takes == "tensors";
  if (!any_inputs && (inputs.size() != 1 || inputs[0].type != wanted))
    throw Error(Code::invalid, path + ": says that it takes one " + signature.takes + ", but its inputs are others");
  if (signature.task == "tensors") return;
  std::string_view wanted_output = signature.task == "classify"   ? "probabilities"
                                   : signature.task == "anomaly"  ? "score"
                                   : signature.task == "forecast" ? "forecast"
                                                                  : "value";
  bool has_it = std::any_of(outputs.begin(), outputs.end(),
                            [&](auto& output) { return output.name == wanted_output && output.type == DataType::f32; });
  if (!has_it)
    throw Error(Code::invalid, path + ": task \"" + signature.task + "\" needs an output \"" +
                                   std::string(wanted_output) + "\" of f32");
}

Signature checked_signature(const std::map<std::string, std::string>& metadata, const std::vector<TensorInfo>& inputs,
                            const std::vector<TensorInfo>& outputs, const std::filesystem::path& model) {
  auto found = metadata.find("gyre.signature");
  if (found == metadata.end())
    throw Error(Code::invalid, model.string() + ": does not say what it takes and gives (no \"gyre.signature\" inside)",
                "use a model made by `gyre train`; docs/formats/model.md says what must be inside");
  auto signature = signature_from(parse_json(found->second, model.string() + ": signature"));
  check_signature(signature, inputs, outputs, model.string());
  return signature;
}

Predictor::Predictor(const std::filesystem::path& model)
    : session_(model, 1),
      signature_(checked_signature(session_.metadata(), session_.inputs(), session_.outputs(), model)) {}

Tensor Predictor::to_tensor(std::string_view bytes, std::string_view where, std::vector<std::string>* notes) const {
  return sample_tensor(signature_, bytes, where, notes);
}

std::vector<Tensor> Predictor::to_tensors(std::string_view bytes, std::string_view where,
                                          std::vector<std::string>* notes) const {
  return sample_tensors(signature_, session_.inputs(), bytes, where, notes);
}

std::vector<Tensor> sample_tensors(const Signature& signature, const std::vector<TensorInfo>& inputs,
                                   std::string_view bytes, std::string_view where, std::vector<std::string>* notes) {
  if (signature.takes == "table") {
    auto table = table_rows(signature, inputs, bytes, where);
    if (table.rows != 1)
      throw Error(Code::invalid, std::string(where) + ": has " + std::to_string(table.rows) + " rows, not one",
                  "gyre score MODEL FILE --out ANSWERS.csv answers all rows of a table");
    return std::move(table.inputs);
  }
  if (signature.takes == "tensors") return named_tensors(inputs, bytes, where);
  return {sample_tensor(signature, bytes, where, notes)};
}

Tensor sample_tensor(const Signature& signature, std::string_view bytes, std::string_view where,
                     std::vector<std::string>* notes) {
  if (signature.takes == "image") return from_image(bytes, where);
  if (signature.takes == "sound") return from_sound(signature, bytes, where, notes);
  if (signature.takes == "series") return from_series(signature, bytes, where, notes);
  throw Error(Code::unsupported, std::string(where) + ": the model takes " +
                                     (signature.takes == "table" ? "rows of a table" : "tensors") +
                                     ", no picture, sound or series");
}

Answer Predictor::predict(std::string_view bytes, std::string_view where) const {
  std::vector<std::string> notes;
  Answer answer = predict(to_tensors(bytes, where, &notes), where);
  answer.notes = std::move(notes);
  return answer;
}

Answer Predictor::predict(const std::vector<Tensor>& inputs, std::string_view where) const {
  try {
    return to_answer(session_.run(inputs));
  } catch (const Error& error) {
    throw Error(error.code, std::string(where) + ": " + error.text(), error.hint);
  }
}

std::vector<Answer> Predictor::predict_rows(std::string_view bytes, std::string_view where) const {
  auto table = table_rows(signature_, session_.inputs(), bytes, where);
  auto outputs = session_.run(table.inputs);
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < table.rows; i++) answers.push_back(to_answer(row_of(outputs, i, table.rows)));
  return answers;
}

static double first_number(const Tensor& tensor, const std::string& name) {
  auto values = tensor.as<float>();
  if (values.size() != 1 || !std::isfinite(values[0]))
    throw Error(Code::invalid, "the model's \"" + name + "\" is no number",
                "does the input lack a value that the model needs?");
  return values[0];
}

Answer Predictor::to_answer(const std::vector<Tensor>& outputs) const {
  return answer_from(signature_, session_.outputs(), outputs);
}

Answer answer_from(const Signature& signature, const std::vector<TensorInfo>& infos,
                   const std::vector<Tensor>& outputs) {
  Answer answer;
  for (std::size_t i = 0; i < outputs.size(); i++) {
    auto& name = infos[i].name;
    if (signature.task == "tensors") {
      answer.outputs[name] = nested(outputs[i]);
    } else if (name == "probabilities") {
      auto values = outputs[i].as<float>();
      bool finite = std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
      if (values.size() != signature.labels.size() || !finite)
        throw Error(Code::invalid,
                    "the model's \"probabilities\" are not " + std::to_string(signature.labels.size()) + " numbers",
                    "does the input lack a value that the model needs?");
      answer.probabilities.assign(values.begin(), values.end());
      auto best = static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
      answer.label = signature.labels[best];
      answer.confidence = values[best];
    } else if (name == "score") {
      answer.score = first_number(outputs[i], name);
      answer.has_score = true;
      answer.alarm = answer.score >= signature.threshold;
    } else if (name == "value") {
      answer.value = first_number(outputs[i], name);
    } else if (name == "forecast") {
      auto values = outputs[i].as<float>();
      answer.forecast.assign(values.begin(), values.end());
      if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
        throw Error(Code::invalid, "a step of the forecast is no number", "the window has holes, or is too short");
    }
  }
  return answer;
}

}  // namespace gyre
