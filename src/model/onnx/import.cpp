#include "model/import.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "model/onnx/import_work.hpp"

namespace gyre {

namespace {

// More columns than that are no table that somebody named by hand.
constexpr std::int64_t widest_table = 1000;

bool is_table(const ImportWork& work) {
  int wide = 0;
  for (auto& input : work.inputs) {
    if (input.shape.size() > 2) return false;
    auto width = input.shape.size() == 2 ? input.shape[1] : 1;
    if (width < 1 || width > widest_table) return false;
    wide += width > 1;
  }
  // Whole numbers side by side are tokens, not columns.
  bool tokens = std::any_of(work.inputs.begin(), work.inputs.end(), [](auto& input) {
    return input.type == DataType::i64 && input.shape.size() == 2 && input.shape[1] > 1;
  });
  return !work.inputs.empty() && (wide == 0 || (wide == 1 && work.inputs.size() == 1)) &&
         (!tokens || !work.options.columns.empty());
}

void name_columns(ImportWork& work) {
  auto& columns = work.signature.columns;
  columns = work.options.columns;
  auto& first = work.inputs[0];
  std::size_t width = first.shape.size() == 2 ? static_cast<std::size_t>(first.shape[1]) : 1;
  if (width == 1) {
    columns.clear();
    for (auto& input : work.inputs) columns.push_back(input.name);
    if (!work.options.columns.empty() && work.options.columns != columns)
      throw Error(Code::invalid, "the model's inputs name its columns themselves: leave --columns out");
    return;
  }
  if (columns.empty()) {
    for (std::size_t i = 0; i < width; i++) columns.push_back(first.name + "_" + std::to_string(i));
    work.findings.push_back(std::to_string(width) + " columns, named by their numbers (--columns)");
  }
  if (columns.size() != width)
    throw Error(Code::invalid,
                std::to_string(columns.size()) + " columns are named, the model takes " + std::to_string(width));
}

// A sound or series may have another axis of one: [n, 1, samples].
void take_signal(ImportWork& work) {
  if (work.inputs.size() != 1 || work.inputs[0].type != DataType::f32)
    throw Error(Code::invalid, "the model has not the one input of f32 that a " + work.signature.takes + " needs");
  auto input = work.inputs[0];
  bool sound = work.signature.takes == "sound";
  if (sound && work.options.rate <= 0)
    throw Error(Code::invalid, "a sound has a rate", "--rate 16000, as the model was trained");
  auto sizes = input.shape;
  if (!sizes.empty()) sizes.erase(sizes.begin());
  if (sound) sizes.erase(std::remove(sizes.begin(), sizes.end(), 1), sizes.end());
  bool known = std::none_of(sizes.begin(), sizes.end(), [](auto size) { return size < 1; });
  if (sizes.size() != (sound ? 1u : 2u) || !known)
    throw Error(Code::unsupported, "the input " + shape_text(input.shape) + " is none that a " + work.signature.takes +
                                       " of a fixed length goes into");
  work.signature.rate = static_cast<int>(work.options.rate);
  work.signature.samples = sizes[0];
  if (!sound) {
    work.signature.columns = work.options.columns;
    if (work.signature.columns.size() != static_cast<std::size_t>(sizes[1]))
      throw Error(Code::invalid, "the series has " + std::to_string(sizes[1]) + " columns", "--columns names them");
  }
  std::vector<std::int64_t> wanted{1};
  wanted.insert(wanted.end(), sizes.begin(), sizes.end());
  if (input.shape.size() == wanted.size()) return;
  auto inner = input.shape;
  inner[0] = 1;
  auto name = work.editor.unused(work.signature.takes);
  auto shape = work.editor.constant(Tensor::ints({static_cast<std::int64_t>(inner.size())}, inner));
  work.editor.node(End::front, "Reshape", {name, shape}, {}, input.name);
  work.editor.remove_input(input.name);
  work.editor.add_input(name, DataType::f32, wanted);
}

void take_input(ImportWork& work) {
  auto& takes = work.signature.takes;
  auto layout = layout_of(work);
  takes = work.options.takes;
  if (takes == "auto") takes = layout != Layout::none ? "image" : is_table(work) ? "table" : "tensors";
  if (takes == "image") {
    if (layout == Layout::none)
      throw Error(Code::invalid, "it cannot be seen where the picture goes in", "--layout nchw or nhwc");
    take_picture(work, layout);
  } else if (takes == "table") {
    if (!is_table(work)) throw Error(Code::invalid, "the model's inputs are not columns of a table", "--takes tensors");
    name_columns(work);
  } else if (takes != "tensors") {
    take_signal(work);
  }
}

void refuse_other_files(const onnx::ModelProto& model) {
  for (auto& tensor : model.graph().initializer())
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL)
      throw Error(Code::unsupported, "the model keeps its weights in other files",
                  "save it as one file: onnx.save(onnx.load(path), path)");
}

std::string with_examples(ImportWork& work) {
  auto bytes = work.editor.finish();
  auto session = Session::from_bytes(bytes);
  auto examples = probed(session);
  if (examples.empty()) {
    work.findings.push_back(
        "no made-up input is accepted: there are no golden answers inside, so it cannot be registered");
    return bytes;
  }
  std::vector<Golden> golden;
  for (auto& example : examples) golden.push_back({std::move(example.inputs), std::move(example.outputs)});
  return with_metadata(bytes, {{"gyre.golden", pack_golden(golden)}});
}

}  // namespace

ImportedModel import_model(std::string_view bytes, const ImportOptions& options) {
  auto proto = parse_model(bytes);
  refuse_other_files(proto);
  json::object lineage{{"producer", proto.producer_name() + " " + proto.producer_version()}};
  ImportWork work{GraphEditor(std::move(proto)), options, {}, {}, {}, {}, {}};
  work.signature.labels = open_maps(work.editor, work.findings);
  if (!options.labels.empty()) work.signature.labels = options.labels;
  {
    auto session = Session::from_bytes(work.editor.finish());
    work.inputs = session.inputs();
    work.outputs = session.outputs();
    work.probes = probed(session);
  }
  take_input(work);
  word_answers(work);
  work.signature.threshold = options.threshold;
  work.signature.unit = options.unit;
  work.signature.about = options.about;
  work.editor.metadata("gyre.signature", canonical(to_json(work.signature)));
  work.editor.metadata("gyre.lineage", canonical(lineage));
  return {with_examples(work), std::move(work.findings)};
}

}  // namespace gyre
