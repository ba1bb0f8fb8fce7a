#include "model/onnx/quantise_plan.hpp"

#include <algorithm>

namespace gyre {

static const onnx::AttributeProto* find_attribute(const onnx::NodeProto& node, std::string_view name) {
  for (auto& attribute : node.attribute())
    if (attribute.name() == name) return &attribute;
  return nullptr;
}

static bool in_net(const onnx::NodeProto& node) { return node.name().rfind("net/", 0) == 0; }

bool QuantisePlan::can_operate(const onnx::NodeProto& node, bool parts) const {
  if (node.input_size() < 2 || node.output_size() != 1 || (parts && !in_net(node))) return false;
  auto constant = [&](int i, int rank) {
    if (i >= node.input_size()) return false;
    auto found = constants.find(node.input(i));
    return found != constants.end() && found->second->data_type() == onnx::TensorProto::FLOAT &&
           (rank == 0 ? found->second->dims_size() >= 3 : found->second->dims_size() == rank);
  };
  if (constants.count(node.input(0))) return false;
  bool bias = node.input_size() < 3 || node.input(2).empty() || constant(2, 1);
  if (node.op_type() == "Conv") return constant(1, 0) && bias;
  if (node.op_type() == "Gemm") {
    auto plain = [&](const char* name, float usual) {
      auto* attribute = find_attribute(node, name);
      return !attribute || attribute->f() == usual;
    };
    auto* transposed = find_attribute(node, "transA");
    return constant(1, 2) && bias && plain("alpha", 1) && plain("beta", 1) && (!transposed || transposed->i() == 0);
  }
  // Without parts a MatMul may as well be a mel filter bank or a distance, which 8 bits would ruin.
  return node.op_type() == "MatMul" && parts && constant(1, 2);
}

bool QuantisePlan::is_floor_at_zero(const onnx::NodeProto& node) const {
  if (node.input_size() < 1 || node.output_size() != 1) return false;
  if (node.op_type() == "Relu") return true;
  if (node.op_type() != "Clip" || node.input_size() < 2) return false;
  auto found = constants.find(node.input(1));
  if (found == constants.end()) return false;
  auto low = tensor_from(*found->second);
  return low.type == DataType::f32 && low.count() == 1 && low.as<float>()[0] == 0;
}

void QuantisePlan::add_value(const std::string& name) {
  if (known_.insert(name).second) values.push_back(name);
}

QuantisePlan::QuantisePlan(const onnx::GraphProto& graph) {
  for (auto& constant : graph.initializer()) constants[constant.name()] = &constant;
  std::map<std::string, int> producer, uses;
  for (int i = 0; i < graph.node_size(); i++) {
    for (auto& output : graph.node(i).output()) producer[output] = i;
    for (auto& input : graph.node(i).input()) uses[input]++;
  }
  std::set<std::string> given;
  for (auto& output : graph.output()) {
    given.insert(output.name());
    uses[output.name()]++;
  }
  bool parts = std::any_of(graph.node().begin(), graph.node().end(), in_net);
  for (int i = 0; i < graph.node_size(); i++)
    if (can_operate(graph.node(i), parts)) operators.insert(i);

  for (int i = 0; i < graph.node_size(); i++) {
    auto& node = graph.node(i);
    if (node.output_size() == 0 || given.count(node.output(0))) continue;
    auto made_by_operator = [&](const std::string& name) {
      auto found = producer.find(name);
      return found != producer.end() && operators.count(found->second) > 0;
    };
    if (operators.count(i)) {
      add_value(node.input(0));
      // The last one's answer stays float; so does one that a Relu follows: its value is the Relu's.
      bool followed = false;
      for (int j = i + 1; j < graph.node_size(); j++)
        followed |= graph.node(j).input_size() > 0 && graph.node(j).input(0) == node.output(0) &&
                    is_floor_at_zero(graph.node(j)) && uses[node.output(0)] == 1 &&
                    !given.count(graph.node(j).output(0));
      if (!followed && node.op_type() == "Conv") {
        add_value(node.output(0));
        integer_made_.insert(node.output(0));
      }
    } else if (is_floor_at_zero(node) && made_by_operator(node.input(0)) && uses[node.input(0)] == 1) {
      absorbed[i] = producer.at(node.input(0));
      add_value(node.output(0));
      integer_made_.insert(node.output(0));
    } else if (node.input_size() > 0 && (node.op_type() == "MaxPool" || node.op_type() == "Concat")) {
      bool all =
          std::all_of(node.input().begin(), node.input().end(), [&](auto& input) { return only_integers(input); });
      if (!all || node.output_size() != 1) continue;
      carriers.insert(i);
      add_value(node.output(0));
      integer_made_.insert(node.output(0));
      if (node.op_type() == "MaxPool") same_as[node.output(0)] = node.input(0);
    }
  }
}

}  // namespace gyre
