#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "model/onnx/import_work.hpp"

namespace gyre {

namespace {

bool is_real(DataType type) { return type == DataType::f32 || type == DataType::f64 || type == DataType::f16; }

// How many values an output has for one sample; 0 when that is not known.
std::int64_t width_of(const ImportWork& work, std::size_t output) {
  if (!work.probes.empty()) return work.probes[0].outputs[output].count();
  std::int64_t width = 1;
  auto& shape = work.outputs[output].shape;
  for (std::size_t i = 1; i < shape.size(); i++) width *= shape[i] < 0 ? 0 : shape[i];
  return width;
}

// The real output of that width, else the first one.
std::optional<std::size_t> real_output(const ImportWork& work, std::int64_t width) {
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < work.outputs.size(); i++) {
    if (!is_real(work.outputs[i].type)) continue;
    if (!first) first = i;
    if (width_of(work, i) == width) return i;
  }
  return first;
}

std::string made_by(const ImportWork& work, const std::string& value) {
  for (auto& node : work.editor.graph().node())
    for (auto& output : node.output())
      if (output == value) return node.op_type();
  return {};
}

std::vector<double> values_of(const Tensor& tensor) {
  std::vector<double> values;
  if (tensor.type == DataType::f32) values.assign(tensor.as<float>().begin(), tensor.as<float>().end());
  if (tensor.type == DataType::f64) values.assign(tensor.as<double>().begin(), tensor.as<double>().end());
  return values;
}

bool within_one(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value >= 0 && value <= 1.0001; });
}

// Whether what it gave are probabilities already. What a sigmoid gives is left too: labels that may hold together.
bool are_probabilities(const ImportWork& work, std::size_t output) {
  auto op = made_by(work, work.outputs[output].name);
  if (op == "Softmax" || op == "Sigmoid") return true;
  if (work.probes.empty() || work.outputs[output].type == DataType::f16) return false;
  for (auto& probe : work.probes) {
    auto values = values_of(probe.outputs[output]);
    double sum = 0;
    for (auto value : values) sum += value;
    if (!within_one(values) || (values.size() > 1 && std::abs(sum - 1) > 1e-3)) return false;
  }
  return true;
}

std::string auto_task(const ImportWork& work) {
  if (!work.signature.labels.empty()) return "classify";
  std::size_t real = 0;
  std::int64_t width = 0;
  for (std::size_t i = 0; i < work.outputs.size(); i++) {
    if (!is_real(work.outputs[i].type)) continue;
    real++;
    width = width_of(work, i);
    if (auto rank = work.outputs[i].shape.size(); rank > 2 && width != 1) {
      // Of a map of places: not one answer. [n, classes, 1, 1] is one.
      auto& shape = work.probes.empty() ? work.outputs[i].shape : work.probes[0].outputs[i].shape;
      if (shape[1] != width) return "tensors";
    }
  }
  if (real != 1 || work.signature.takes == "tensors" || width < 1) return "tensors";
  if (width == 1) return "regress";
  return work.signature.takes == "image" || work.signature.takes == "sound" ? "classify" : "tensors";
}

// The answer's value goes out under the name that the task gives it, as f32.
void give(ImportWork& work, std::size_t output, std::string value, const std::string& name,
          const std::vector<std::int64_t>& shape) {
  auto& editor = work.editor;
  auto inner = work.outputs[output].name;
  editor.remove_output(inner);
  std::string from = value;
  // Another value may have that name: it gives way.
  auto moved = editor.unused(name);
  if (moved != name) {
    editor.rename(name, moved);
    if (from == name) from = moved;
    for (auto& other : *editor.edit().mutable_output())
      if (other.name() == name)
        throw Error(Code::unsupported, "the model has another output that is called \"" + name + "\"");
  }
  editor.node(End::back, "Identity", {from}, {}, name);
  editor.add_output(name, DataType::f32, shape);
}

void word_classes(ImportWork& work) {
  auto& editor = work.editor;
  auto& labels = work.signature.labels;
  auto chosen = real_output(work, static_cast<std::int64_t>(labels.size()));
  if (!chosen) throw Error(Code::invalid, "the model has no output of real numbers that could be probabilities");
  auto& output = work.outputs[*chosen];
  auto width = width_of(work, *chosen);
  bool one_of_two = width == 1 && labels.size() == 2;
  if (labels.empty()) {
    for (std::int64_t i = 0; i < width; i++) labels.push_back(std::to_string(i));
    work.findings.push_back(std::to_string(width) + " classes, named by their numbers (--labels)");
  }
  if (!one_of_two && width != static_cast<std::int64_t>(labels.size()))
    throw Error(Code::invalid,
                "there are " + std::to_string(labels.size()) + " labels, the output \"" + output.name + "\" has " +
                    std::to_string(width) + " values",
                "--labels names each of them, in their order");
  auto add = [&](const char* op, std::vector<std::string> inputs, Attributes attributes = {}) {
    return editor.node(End::back, op, std::move(inputs), std::move(attributes));
  };
  bool ready = are_probabilities(work, *chosen);
  std::string value = output.name;
  // The node before must not be the one that `give` renames.
  value = add("Cast", {value}, {{"to", std::int64_t{onnx::TensorProto::FLOAT}}});
  const std::int64_t flat[] = {-1, width};
  if (output.shape.size() != 2) value = add("Reshape", {value, editor.constant(Tensor::ints({2}, flat))});
  if (!ready) {
    value = width == 1 ? add("Sigmoid", {value}) : add("Softmax", {value}, {{"axis", std::int64_t{1}}});
    work.findings.push_back("\"" + output.name + "\" becomes probabilities by a " +
                            (width == 1 ? "sigmoid" : "softmax"));
  }
  if (one_of_two) {
    const float one = 1;
    auto other = add("Sub", {editor.constant(Tensor::floats({1}, std::span(&one, 1))), value});
    value = add("Concat", {other, value}, {{"axis", std::int64_t{1}}});
  }
  auto rows = output.shape.empty() ? 1 : output.shape[0];
  give(work, *chosen, value, "probabilities", {rows, static_cast<std::int64_t>(labels.size())});
}

void word_number(ImportWork& work, const std::string& name) {
  auto chosen = real_output(work, 1);
  if (!chosen || width_of(work, *chosen) != 1)
    throw Error(Code::invalid, "the model has no output of one real number", "--task tensors, or classify");
  auto& output = work.outputs[*chosen];
  auto value = work.editor.node(End::back, "Cast", {output.name}, {{"to", std::int64_t{onnx::TensorProto::FLOAT}}});
  give(work, *chosen, value, name, output.shape);
}

}  // namespace

void word_answers(ImportWork& work) {
  auto& task = work.signature.task;
  task = work.options.task == "auto" ? auto_task(work) : work.options.task;
  if (task == "classify") return word_classes(work);
  work.signature.labels.clear();
  if (task == "regress") word_number(work, "value");
  if (task == "anomaly") word_number(work, "score");
}

}  // namespace gyre
