#pragma once
// Changes a finished graph at its ends: nodes in front of it and behind it.
#include <set>

#include "model/graph.hpp"
#include "model/onnx/proto.hpp"

namespace gyre {

enum class End { front, back };

class GraphEditor {
 public:
  explicit GraphEditor(onnx::ModelProto model);
  const onnx::GraphProto& graph() const { return model_.graph(); }
  std::int64_t opset() const;  // of ONNX's own operators
  void set_opset(std::int64_t version);

  std::string constant(const Tensor& tensor);
  // Adds a node and gives its output's name: one made up, or `output`.
  std::string node(End end, const std::string& op, std::vector<std::string> inputs, Attributes attributes = {},
                   std::string output = {});
  // What a value is called everywhere in the graph.
  void rename(const std::string& value, const std::string& to);
  std::string unused(const std::string& name);  // that name, or one like it that nothing has

  void remove_input(const std::string& name);
  void add_input(const std::string& name, DataType type, const std::vector<std::int64_t>& shape);
  void remove_output(const std::string& name);
  void add_output(const std::string& name, DataType type, const std::vector<std::int64_t>& shape);  // as the first
  onnx::GraphProto& edit() { return *model_.mutable_graph(); }
  void metadata(const std::string& key, const std::string& value);
  std::string finish() const;

 private:
  onnx::ModelProto model_;
  std::vector<onnx::NodeProto> front_, back_;
  std::set<std::string> names_;
};

}  // namespace gyre
