#include <algorithm>

#include "base/error.hpp"
#include "model/onnx/import_work.hpp"

namespace gyre {

static bool may_be_channels(std::int64_t size) { return size == 1 || size == 3; }

Layout layout_of(const ImportWork& work) {
  if (work.inputs.size() != 1 || work.inputs[0].shape.size() != 4) return Layout::none;
  auto& input = work.inputs[0];
  if (input.type != DataType::f32 && input.type != DataType::f16 && input.type != DataType::u8) return Layout::none;
  if (work.options.layout == "nchw") return Layout::channels_first;
  if (work.options.layout == "nhwc") return Layout::channels_last;
  bool first = may_be_channels(input.shape[1]), last = may_be_channels(input.shape[3]);
  if (first != last) return first ? Layout::channels_first : Layout::channels_last;
  // The sizes do not tell: a convolution takes channels first, and who has them last turns them round before.
  for (auto& node : work.editor.graph().node()) {
    if (node.input().empty() || node.input(0) != input.name) continue;
    if (node.op_type() == "Conv") return Layout::channels_first;
    if (node.op_type() == "Transpose") return Layout::channels_last;
  }
  return Layout::none;
}

namespace {

struct Scaling {
  std::vector<float> by, plus;  // of each channel
  const char* words;
};

Scaling scaling_of(const std::string& asked, const TensorInfo& input, Layout layout, std::size_t channels) {
  std::string kind = asked;
  if (kind == "auto")
    kind = input.type == DataType::u8                          ? "none"
           : layout == Layout::channels_first && channels == 3 ? "imagenet"
                                                               : "unit";
  auto all = [&](float value) { return std::vector<float>(channels, value); };
  if (kind == "none") return {all(1), all(0), "0 to 255, as they are"};
  if (kind == "unit") return {all(1 / 255.0f), all(0), "0 to 1"};
  if (kind == "signed") return {all(1 / 127.5f), all(-1), "-1 to 1"};
  // Mean and deviation of the pictures that most published nets were trained on.
  std::vector<float> mean{0.485f, 0.456f, 0.406f}, deviation{0.229f, 0.224f, 0.225f};
  if (channels == 1) mean = {0.449f}, deviation = {0.226f};
  Scaling scaling{{}, {}, "by ImageNet's mean and deviation"};
  for (std::size_t i = 0; i < channels; i++) {
    scaling.by.push_back(1 / (255 * deviation[i]));
    scaling.plus.push_back(-mean[i] / deviation[i]);
  }
  return scaling;
}

bool same_answers(const Session& session, const std::vector<Probe>& probes) {
  for (auto& probe : probes) {
    auto outputs = session.run(probe.inputs);
    for (std::size_t i = 0; i < outputs.size(); i++)
      if (largest_difference(outputs[i], probe.outputs[i]) != 0) return false;
  }
  return true;
}

// Nodes that scale a picture well need a newer set of operators than many files are of. Most operators mean in it what
// they meant before: where the graph still loads and gives the very same answers, they do.
void raise_opset(ImportWork& work) {
  auto given = work.editor.opset();
  for (std::int64_t wanted : {18, 17, 13, 11}) {
    if (wanted <= given || work.probes.empty()) break;
    work.editor.set_opset(wanted);
    try {
      if (!same_answers(Session::from_bytes(work.editor.finish()), work.probes)) continue;
      work.findings.push_back("raised from ONNX's operator set " + std::to_string(given) + " to " +
                              std::to_string(wanted) + ": the answers are the same, bit for bit");
      return;
    } catch (const Error&) {
      // An operator is another one there: an older set, then.
    }
  }
  work.editor.set_opset(given);
  if (given < 11)
    throw Error(Code::unsupported,
                "the model is of ONNX's operator set " + std::to_string(given) +
                    ": nodes that scale a picture need 11 and newer",
                "export it again with a newer operator set, or --takes tensors");
}

}  // namespace

// In front of the graph: from u8 [n, height, width, 3] of any size to what its input takes.
void take_picture(ImportWork& work, Layout layout) {
  auto& editor = work.editor;
  raise_opset(work);
  auto input = work.inputs[0];
  bool first = layout == Layout::channels_first;
  std::int64_t channels = input.shape[first ? 1 : 3], height = input.shape[first ? 2 : 1],
               width = input.shape[first ? 3 : 2], batch = input.shape[0];
  if (channels < 0) channels = 3;
  if (!may_be_channels(channels))
    throw Error(Code::unsupported,
                "the model's input has " + std::to_string(channels) + " channels; a picture has 3, or 1",
                "--takes tensors");
  auto add = [&](const char* op, std::vector<std::string> inputs, Attributes attributes = {}) {
    return editor.node(End::front, op, std::move(inputs), std::move(attributes));
  };
  auto ints = [&](std::vector<std::int64_t> values) {
    return editor.constant(Tensor::ints({static_cast<std::int64_t>(values.size())}, values));
  };
  std::string name = editor.unused("image");
  std::string value = name;
  if (work.options.colours == "bgr") value = add("Gather", {value, ints({2, 1, 0})}, {{"axis", std::int64_t{3}}});
  value = add("Cast", {value}, {{"to", std::int64_t{onnx::TensorProto::FLOAT}}});
  if (channels == 1) {
    const float weights[] = {0.299f, 0.587f, 0.114f};  // of red, green, blue in what is seen as brightness
    value = add("MatMul", {value, editor.constant(Tensor::floats({3, 1}, weights))});
  }
  value = add("Transpose", {value}, {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}});
  if (height > 0 && width > 0) {
    std::string count = add("Gather", {add("Shape", {value}), ints({0})}, {{"axis", std::int64_t{0}}});
    std::string sizes = add("Concat", {count, ints({channels, height, width})}, {{"axis", std::int64_t{0}}});
    std::string none = editor.constant(Tensor::floats({0}, {}));
    Attributes how{{"mode", std::string("linear")}, {"coordinate_transformation_mode", std::string("half_pixel")}};
    if (editor.opset() >= 18) how["antialias"] = std::int64_t{1};
    value = add("Resize", {value, none, none, sizes}, how);
    work.findings.push_back("pictures are scaled to " + std::to_string(width) + " x " + std::to_string(height));
  } else {
    work.findings.push_back("pictures go in at the size they have: the model takes any");
  }
  auto scaling = scaling_of(work.options.normalise, input, layout, static_cast<std::size_t>(channels));
  value = add("Mul", {value, editor.constant(Tensor::floats({1, channels, 1, 1}, scaling.by))});
  value = add("Add", {value, editor.constant(Tensor::floats({1, channels, 1, 1}, scaling.plus))});
  if (!first) value = add("Transpose", {value}, {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}});
  if (input.type == DataType::u8) value = add("Round", {value});
  int type = input.type == DataType::f16  ? onnx::TensorProto::FLOAT16
             : input.type == DataType::u8 ? onnx::TensorProto::UINT8
                                          : onnx::TensorProto::FLOAT;
  editor.node(End::front, "Cast", {value}, {{"to", std::int64_t{type}}}, input.name);
  editor.remove_input(input.name);
  editor.add_input(name, DataType::u8, {batch < 0 ? -1 : 1, -1, -1, 3});
  work.findings.push_back(std::string("the graph takes ") + (first ? "NCHW " : "NHWC ") + shape_text(input.shape) +
                          ", pixels " + scaling.words + (work.options.normalise == "auto" ? " (--normalise)" : ""));
}

}  // namespace gyre
