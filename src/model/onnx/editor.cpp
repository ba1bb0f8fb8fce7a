#include "model/onnx/editor.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace gyre {

GraphEditor::GraphEditor(onnx::ModelProto model) : model_(std::move(model)) {
  auto& graph = model_.graph();
  for (auto& value : graph.input()) names_.insert(value.name());
  for (auto& value : graph.initializer()) names_.insert(value.name());
  for (auto& node : graph.node()) names_.insert(node.output().begin(), node.output().end());
  // Old files name their constants as inputs too, and had to: those are none.
  model_.set_ir_version(std::max<std::int64_t>(model_.ir_version(), 8));
  std::set<std::string> constants;
  for (auto& value : graph.initializer()) constants.insert(value.name());
  auto& inputs = *edit().mutable_input();
  inputs.erase(std::remove_if(inputs.begin(), inputs.end(), [&](auto& one) { return constants.count(one.name()); }),
               inputs.end());
}

std::int64_t GraphEditor::opset() const {
  for (auto& opset : model_.opset_import())
    if (opset.domain().empty() || opset.domain() == "ai.onnx") return opset.version();
  return 0;
}

void GraphEditor::set_opset(std::int64_t version) {
  for (auto& opset : *model_.mutable_opset_import())
    if (opset.domain().empty() || opset.domain() == "ai.onnx") opset.set_version(version);
}

std::string GraphEditor::unused(const std::string& name) {
  std::string made = name;
  for (int i = 1; !names_.insert(made).second; i++) made = name + "_" + std::to_string(i);
  return made;
}

std::string GraphEditor::constant(const Tensor& tensor) {
  auto name = unused("import/constant");
  fill(*edit().add_initializer(), tensor, name);
  return name;
}

std::string GraphEditor::node(End end, const std::string& op, std::vector<std::string> inputs, Attributes attributes,
                              std::string output) {
  auto& node = (end == End::front ? front_ : back_).emplace_back();
  if (output.empty()) output = unused("import/" + op);
  node.set_name((end == End::front ? "pre/" : "post/") + output);
  node.set_op_type(op);
  for (auto& input : inputs) node.add_input(input);
  node.add_output(output);
  set_attributes(node, attributes);
  return output;
}

void GraphEditor::rename(const std::string& value, const std::string& to) {
  auto change = [&](std::string* name) {
    if (*name == value) *name = to;
  };
  auto change_all = [&](auto& nodes) {
    for (auto& node : nodes) {
      for (auto& input : *node.mutable_input()) change(&input);
      for (auto& output : *node.mutable_output()) change(&output);
    }
  };
  auto& graph = edit();
  change_all(*graph.mutable_node());
  change_all(front_);
  change_all(back_);
  for (auto& info : *graph.mutable_value_info()) change(info.mutable_name());
}

template <class List>
static void remove_named(List& list, const std::string& name) {
  list.erase(std::remove_if(list.begin(), list.end(), [&](auto& one) { return one.name() == name; }), list.end());
}

void GraphEditor::remove_input(const std::string& name) { remove_named(*edit().mutable_input(), name); }
void GraphEditor::remove_output(const std::string& name) { remove_named(*edit().mutable_output(), name); }

void GraphEditor::add_input(const std::string& name, DataType type, const std::vector<std::int64_t>& shape) {
  describe_value(*edit().add_input(), name, type, shape);
}

void GraphEditor::add_output(const std::string& name, DataType type, const std::vector<std::int64_t>& shape) {
  auto& outputs = *edit().mutable_output();
  describe_value(*outputs.Add(), name, type, shape);
  for (int i = outputs.size() - 1; i > 0; i--) outputs.SwapElements(i, i - 1);
}

void GraphEditor::metadata(const std::string& key, const std::string& value) {
  auto& entries = *model_.mutable_metadata_props();
  entries.erase(std::remove_if(entries.begin(), entries.end(), [&](auto& one) { return one.key() == key; }),
                entries.end());
  auto& entry = *model_.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

std::string GraphEditor::finish() const {
  auto model = model_;
  auto& nodes = *model.mutable_graph()->mutable_node();
  nodes.Clear();
  nodes.Add(front_.begin(), front_.end());
  nodes.Add(model_.graph().node().begin(), model_.graph().node().end());
  nodes.Add(back_.begin(), back_.end());
  return serialised(model);
}

}  // namespace gyre
