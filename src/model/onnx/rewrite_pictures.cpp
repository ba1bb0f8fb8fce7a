#include <algorithm>

#include "model/onnx/rewrite.hpp"
#include "model/own_operators.hpp"

namespace gyre {

static std::size_t uses_of(const onnx::GraphProto& graph, const std::string& value) {
  auto same = [&](const std::string& name) { return name == value; };
  auto uses = static_cast<std::size_t>(
      std::count_if(graph.output().begin(), graph.output().end(), [&](auto& output) { return same(output.name()); }));
  for (auto& node : graph.node()) {
    uses += static_cast<std::size_t>(std::count_if(node.input().begin(), node.input().end(), same));
    for (auto& attribute : node.attribute())
      if (attribute.has_g()) uses += uses_of(attribute.g(), value);
  }
  return uses;
}

// The node of that kind whose first input the value is. A file may hold anything: nodes of no output are passed over.
static int user_of(const onnx::GraphProto& graph, const std::string& value, std::string_view op) {
  for (int i = 0; i < graph.node_size(); i++) {
    auto& node = graph.node(i);
    bool whole = node.input_size() > 0 && node.output_size() == 1 && node.domain().empty();
    if (whole && node.op_type() == op && node.input(0) == value) return i;
  }
  return -1;
}

static int only_user_of(const onnx::GraphProto& graph, const std::string& value, std::string_view op) {
  return uses_of(graph, value) == 1 ? user_of(graph, value, op) : -1;
}

static const onnx::AttributeProto* attribute_of(const onnx::NodeProto& node, std::string_view name) {
  for (auto& attribute : node.attribute())
    if (attribute.name() == name) return &attribute;
  return nullptr;
}

static bool takes_pictures(const onnx::ValueInfoProto& input) {
  auto& type = input.type().tensor_type();
  return type.elem_type() == onnx::TensorProto::UINT8 && type.shape().dim_size() == 4 &&
         type.shape().dim(3).dim_value() == 3;
}

// Whether a node's second input is one number for each of three planes.
static bool is_for_planes(const onnx::GraphProto& graph, const onnx::NodeProto& node) {
  if (node.input_size() != 2) return false;
  constexpr std::int64_t wanted[] = {1, 3, 1, 1};
  for (auto& constant : graph.initializer())
    if (constant.name() == node.input(1))
      return constant.data_type() == onnx::TensorProto::FLOAT &&
             std::equal(constant.dims().begin(), constant.dims().end(), std::begin(wanted), std::end(wanted));
  return false;
}

static const onnx::NodeProto* maker_of(const onnx::GraphProto& graph, const std::string& value) {
  for (auto& node : graph.node())
    for (auto& output : node.output())
      if (output == value) return &node;
  return nullptr;
}

static std::vector<std::int64_t> constant_list(const onnx::GraphProto& graph, const std::string& name) {
  for (auto& constant : graph.initializer()) {
    if (constant.name() != name || constant.data_type() != onnx::TensorProto::INT64) continue;
    auto values = tensor_from(constant);
    auto numbers = values.as<std::int64_t>();
    return {numbers.begin(), numbers.end()};
  }
  return {};
}

// The last numbers of a list that are known without the input: it is a constant, or ends with one.
static std::vector<std::int64_t> known_end(const onnx::GraphProto& graph, const std::string& list) {
  auto* maker = maker_of(graph, list);
  if (!maker) return constant_list(graph, list);
  if (maker->op_type() != "Concat" || maker->input_size() == 0) return {};
  return constant_list(graph, *maker->input().rbegin());
}

// ONNX Runtime does not see by itself what shape comes out of these nodes, and leaves nets slow whose shapes it does
// not know.
static void tell_shape(onnx::GraphProto& graph, const std::string& value, const onnx::TensorShapeProto& shape) {
  auto& told = *graph.add_value_info();
  told.set_name(value);
  auto& type = *told.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  *type.mutable_shape() = shape;
}

static void make_own(onnx::NodeProto& node, const char* op) {
  node.clear_attribute();
  node.set_op_type(op);
  node.set_domain(own_domain);
}

// Cast and Transpose, one behind the other.
struct Turned {
  int cast = -1, transpose = -1;
};
static Turned turned(const onnx::GraphProto& graph, const std::string& pictures) {
  int cast = only_user_of(graph, pictures, "Cast");
  if (cast < 0) return {};
  auto* type = attribute_of(graph.node(cast), "to");
  if (!type || type->i() != onnx::TensorProto::FLOAT) return {};
  int transpose = only_user_of(graph, graph.node(cast).output(0), "Transpose");
  if (transpose < 0) return {};
  auto* order = attribute_of(graph.node(transpose), "perm");
  constexpr std::int64_t wanted[] = {0, 3, 1, 2};
  if (!order || !std::equal(order->ints().begin(), order->ints().end(), std::begin(wanted), std::end(wanted)))
    return {};
  return {cast, transpose};
}

static void join_scaling(onnx::GraphProto& graph, const std::string& planes, const onnx::TensorShapeProto& shape) {
  int times = only_user_of(graph, planes, "Mul");
  if (times < 0 || !is_for_planes(graph, graph.node(times))) return;
  int plus = only_user_of(graph, graph.node(times).output(0), "Add");
  if (plus < 0 || !is_for_planes(graph, graph.node(plus))) return;
  auto& node = *graph.mutable_node(plus);
  make_own(node, scale_operator);
  std::string by = graph.node(times).input(1), more = node.input(1);
  node.clear_input();
  for (auto& name : {planes, by, more}) node.add_input(name);
  tell_shape(graph, node.output(0), shape);
  graph.mutable_node()->DeleteSubrange(times, 1);
}

static bool rewrite_picture(onnx::GraphProto& graph, const onnx::ValueInfoProto& input) {
  auto [cast, transpose] = turned(graph, input.name());
  if (transpose < 0) return false;
  std::string planes = graph.node(transpose).output(0);
  auto& given = input.type().tensor_type().shape();
  onnx::TensorShapeProto shape;
  for (int place : {0, 3, 1, 2}) *shape.add_dim() = given.dim(place);
  auto& node = *graph.mutable_node(cast);
  make_own(node, planes_operator);
  node.set_output(0, planes);
  tell_shape(graph, planes, shape);
  graph.mutable_node()->DeleteSubrange(transpose, 1);
  int resize = user_of(graph, planes, "Resize");
  if (resize < 0) {
    join_scaling(graph, planes, shape);
    return true;
  }
  auto& resized = graph.node(resize);
  auto sizes = resized.input_size() > 3 ? known_end(graph, resized.input(3)) : std::vector<std::int64_t>();
  if (sizes.size() < 2) return true;
  shape.mutable_dim(3)->set_dim_value(sizes.back());
  shape.mutable_dim(2)->set_dim_value(sizes[sizes.size() - 2]);
  join_scaling(graph, resized.output(0), shape);
  return true;
}

bool rewrite_pictures(onnx::GraphProto& graph) {
  return std::any_of(graph.input().begin(), graph.input().end(),
                     [&](auto& input) { return takes_pictures(input) && rewrite_picture(graph, input); });
}

}  // namespace gyre
