#include "model/onnx/import_work.hpp"

namespace gyre {

static std::vector<std::string> class_labels(const onnx::NodeProto& node) {
  std::vector<std::string> labels;
  for (auto& attribute : node.attribute()) {
    if (attribute.name() == "classlabels_strings")
      labels.assign(attribute.strings().begin(), attribute.strings().end());
    if (attribute.name() == "classlabels_int64s" || attribute.name() == "classlabels_ints")
      for (auto label : attribute.ints()) labels.push_back(std::to_string(label));
    if (!labels.empty()) break;
  }
  return labels;
}

std::vector<std::string> open_maps(GraphEditor& editor, std::vector<std::string>& findings) {
  std::vector<std::string> labels;
  std::vector<onnx::NodeProto> maps;
  auto& nodes = *editor.edit().mutable_node();
  for (int i = 0; i < nodes.size();) {
    if (auto found = class_labels(nodes[i]); !found.empty()) labels = std::move(found);
    if (nodes[i].op_type() == "ZipMap") {
      maps.push_back(nodes[i]);
      nodes.DeleteSubrange(i, 1);
    } else {
      i++;
    }
  }
  for (auto& map : maps) {
    editor.remove_output(map.output(0));
    editor.add_output(map.input(0), DataType::f32, {-1, static_cast<std::int64_t>(labels.size())});
    findings.push_back("the map \"" + map.output(0) + "\" is given as the tensor that it is made of");
  }
  std::vector<std::string> odd;
  for (auto& output : editor.graph().output())
    if (output.type().value_case() != onnx::TypeProto::kTensorType &&
        output.type().value_case() != onnx::TypeProto::VALUE_NOT_SET)
      odd.push_back(output.name());
  for (auto& name : odd) {
    editor.remove_output(name);
    findings.push_back("the output \"" + name + "\" is no tensor: it is left out");
  }
  return labels;
}

}  // namespace gyre
