#include "model/onnx/quantise_rewrite.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace gyre {

namespace {

// Writes the new graph: nodes in their order, pairs of quantise and dequantise where the plan says.
class Rewriter {
 public:
  Rewriter(const onnx::ModelProto& model, const QuantisePlan& plan, const std::map<std::string, Scale>& scales,
           int weight_max)
      : from_(model.graph()), plan_(plan), scales_(scales), model_(model), weight_max_(weight_max) {}

  std::string run() {
    graph().clear_node();
    graph().clear_initializer();
    graph().clear_value_info();
    for (auto& input : from_.input())
      if (plan_.is_value(input.name())) quantise(input.name(), input.name());
    for (int i = 0; i < from_.node_size(); i++) rewrite(i);
    keep_used_constants();
    return serialised(model_);
  }

 private:
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  void rewrite(int i) {
    auto& node = from_.node(i);
    // Rounding to unsigned 8 bits with zero at 0 cuts off what is below zero: the Relu is done.
    if (plan_.absorbed.count(i)) return quantise(node.input(0), node.output(0));
    onnx::NodeProto to = node;
    bool operates = plan_.operators.count(i) > 0;
    bool integers = operates || plan_.carriers.count(i) > 0;
    for (int at = 0; at < to.input_size(); at++)
      if (plan_.is_value(to.input(at)) && (integers || plan_.only_integers(to.input(at))))
        to.set_input(at, to.input(at) + "_f32");
    if (operates) use_integer_weights(node, to);
    *graph().add_node() = to;
    for (auto& output : node.output())
      if (plan_.is_value(output)) quantise(output, output);
  }

  // value -> value_u8 -> value_f32
  void quantise(const std::string& from, const std::string& value) {
    auto& scale = scales_.at(value);
    auto step = constant(value + "_scale", Tensor::floats({}, std::span(&scale.step, 1)));
    Tensor zero_tensor = Tensor::zeros(DataType::u8, {});
    zero_tensor.as<std::uint8_t>()[0] = scale.zero;
    auto zero = constant(value + "_zero", zero_tensor);
    add("QuantizeLinear", {from, step, zero}, value + "_u8");
    add("DequantizeLinear", {value + "_u8", step, zero}, value + "_f32");
  }

  void use_integer_weights(const onnx::NodeProto& node, onnx::NodeProto& to) {
    auto& name = node.input(1);
    int axis = 0;
    if (node.op_type() == "MatMul") axis = 1;
    if (node.op_type() == "Gemm") {
      axis = 1;
      for (auto& attribute : node.attribute())
        if (attribute.name() == "transB" && attribute.i() != 0) axis = 0;
    }
    auto& steps = weights(name, axis);
    to.set_input(1, name + "_f32");
    // A bias counts in steps of input times weight: that is what integer kernels add it to.
    if (node.input_size() < 3 || node.input(2).empty()) return;
    auto bias = tensor_from(*plan_.constants.at(node.input(2)));
    auto product = node.output(0) + "_bias";
    Tensor rounded = Tensor::zeros(DataType::i32, bias.shape);
    std::vector<float> product_steps;
    for (std::size_t i = 0; i < steps.size(); i++) product_steps.push_back(steps[i] * scales_.at(node.input(0)).step);
    if (product_steps.size() != rounded.as<std::int32_t>().size()) return;  // one bias for all: it stays float
    for (std::size_t i = 0; i < steps.size(); i++) {
      double count = std::nearbyint(double{bias.as<float>()[i]} / product_steps[i]);
      rounded.as<std::int32_t>()[i] = static_cast<std::int32_t>(std::clamp(count, -2147483647.0, 2147483647.0));
    }
    auto zeros = constant(product + "_zero", Tensor::zeros(DataType::i32, bias.shape));
    add("DequantizeLinear",
        {constant(product + "_i32", rounded), constant(product + "_scale", Tensor::floats(bias.shape, product_steps)),
         zeros},
        product + "_f32", 0);
    to.set_input(2, product + "_f32");
  }

  // Weights of one scale for each channel along `axis`; written once, whoever shares them.
  const std::vector<float>& weights(const std::string& name, int axis) {
    if (auto known = weight_steps_.find(name); known != weight_steps_.end()) return known->second;
    auto tensor = tensor_from(*plan_.constants.at(name));
    auto values = std::as_const(tensor).as<float>();
    auto channels = static_cast<std::size_t>(tensor.shape[static_cast<std::size_t>(axis)]);
    std::size_t inner = 1;
    for (std::size_t i = static_cast<std::size_t>(axis) + 1; i < tensor.shape.size(); i++)
      inner *= static_cast<std::size_t>(tensor.shape[i]);
    std::vector<float> steps(channels, 0);
    for (std::size_t i = 0; i < values.size(); i++) {
      auto& largest = steps[i / inner % channels];
      largest = std::max(largest, std::abs(values[i]));
    }
    for (auto& step : steps) step = step > 0 ? step / static_cast<float>(weight_max_) : 1;
    Tensor rounded = Tensor::zeros(DataType::i8, tensor.shape);
    for (std::size_t i = 0; i < values.size(); i++)
      rounded.as<std::int8_t>()[i] = static_cast<std::int8_t>(std::nearbyint(values[i] / steps[i / inner % channels]));
    auto count = static_cast<std::int64_t>(channels);
    add("DequantizeLinear",
        {constant(name + "_i8", rounded), constant(name + "_scale", Tensor::floats({count}, steps)),
         constant(name + "_zero", Tensor::zeros(DataType::i8, {count}))},
        name + "_f32", axis);
    return weight_steps_[name] = std::move(steps);
  }

  std::string constant(const std::string& name, const Tensor& tensor) {
    fill(*graph().add_initializer(), tensor, name);
    return name;
  }

  void add(const std::string& op, const std::vector<std::string>& inputs, const std::string& output, int axis = -1) {
    auto& node = *graph().add_node();
    node.set_op_type(op);
    node.set_name(op + "_" + output);
    for (auto& input : inputs) node.add_input(input);
    node.add_output(output);
    if (axis < 0) return;
    auto& attribute = *node.add_attribute();
    attribute.set_name("axis");
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(axis);
  }

  // What the new nodes take of the former constants; weights that became integers are left behind.
  void keep_used_constants() {
    std::set<std::string> used;
    for (auto& node : graph().node()) used.insert(node.input().begin(), node.input().end());
    for (auto& output : graph().output()) used.insert(output.name());
    for (auto& constant : from_.initializer())
      if (used.count(constant.name())) *graph().add_initializer() = constant;
  }

  const onnx::GraphProto& from_;
  const QuantisePlan& plan_;
  const std::map<std::string, Scale>& scales_;
  onnx::ModelProto model_;
  int weight_max_;
  std::map<std::string, std::vector<float>> weight_steps_;
};

}  // namespace

std::string rewrite_in_integers(const onnx::ModelProto& model, const QuantisePlan& plan,
                                const std::map<std::string, Scale>& scales, int weight_max) {
  return Rewriter(model, plan, scales, weight_max).run();
}

}  // namespace gyre
