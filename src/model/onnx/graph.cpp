#include "model/graph.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "model/onnx/proto.hpp"

namespace gyre {

struct GraphBuilder::Body {
  onnx::ModelProto model;
  std::set<std::string> values;                // every name that stands for a value
  std::map<std::string, std::string> outputs;  // inner name -> the output's name
  std::map<std::string, std::string> made;     // what was made -> the value with it: ensembles compute alike parts once
  std::string part;
  int made_up = 0;
  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  std::string define(std::string name) {
    if (name.empty()) throw Error(Code::internal, "a value of the graph needs a name");
    if (!values.insert(name).second) throw Error(Code::internal, "the graph has two values named \"" + name + "\"");
    return name;
  }
  void need(const std::string& value, std::string_view by) {
    if (!values.count(value))
      throw Error(Code::internal,
                  std::string(by) + " uses the value \"" + value + "\", which the graph does not have yet");
  }
  void import(const std::string& domain) {
    for (auto& known : model.opset_import())
      if (known.domain() == domain) return;
    auto* opset = model.add_opset_import();
    opset->set_domain(domain);
    opset->set_version(domain == "ai.onnx.ml" ? 3 : 1);
  }
  // The value that was made like this before; nothing where it has to be made. What is large is seldom there twice.
  const std::string* made_before(const google::protobuf::MessageLite& like, const std::string& name) {
    constexpr std::size_t most_bytes = 1 << 16;
    if (like.ByteSizeLong() > most_bytes) return nullptr;
    auto [found, fresh] = made.try_emplace(like.GetTypeName() + like.SerializeAsString(), name);
    return fresh ? nullptr : &found->second;
  }
  std::string fresh(std::string_view what) {
    std::string name;
    do name = std::string(what) + "_" + std::to_string(++made_up);
    while (values.count(name));
    return name;
  }
};

GraphBuilder::GraphBuilder(std::string name) : body_(std::make_unique<Body>()) {
  body_->model.set_ir_version(8);
  body_->model.set_producer_name("gyre");
  auto* opset = body_->model.add_opset_import();
  opset->set_domain("");
  opset->set_version(17);
  body_->graph().set_name(std::move(name));
}
GraphBuilder::~GraphBuilder() = default;
GraphBuilder::GraphBuilder(GraphBuilder&&) noexcept = default;

void describe_value(onnx::ValueInfoProto& info, const std::string& name, DataType type,
                    const std::vector<std::int64_t>& shape) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx_type(type));
  int axis = 0;
  tensor.mutable_shape();  // a scalar has a shape too
  for (auto size : shape) {
    auto& dimension = *tensor.mutable_shape()->add_dim();
    if (size >= 0)
      dimension.set_dim_value(size);
    else
      dimension.set_dim_param(name + "_" + std::to_string(axis));
    axis++;
  }
}

std::string GraphBuilder::input(std::string name, DataType type, std::vector<std::int64_t> shape) {
  body_->define(name);
  describe_value(*body_->graph().add_input(), name, type, shape);
  return name;
}

void GraphBuilder::output(const std::string& value, std::string name, DataType type, std::vector<std::int64_t> shape) {
  body_->need(value, "output \"" + name + "\"");
  // The value is renamed by finish(); one that cannot be (an input, a constant, given twice) is copied.
  bool inner = std::any_of(body_->graph().node().begin(), body_->graph().node().end(), [&](auto& node) {
    return std::find(node.output().begin(), node.output().end(), value) != node.output().end();
  });
  std::string from = value;
  if (name != value) {
    if (!inner || body_->outputs.count(value)) from = node("Identity", {value});
    body_->define(name);
  } else if (!inner) {
    throw Error(Code::internal, "output \"" + name + "\" is an input or a constant of the same name");
  }
  body_->outputs[from] = name;
  describe_value(*body_->graph().add_output(), name, type, shape);
}

std::string GraphBuilder::constant(const Tensor& tensor, std::string name) {
  bool unnamed = name.empty();
  if (unnamed) name = body_->fresh("constant");
  onnx::TensorProto proto;
  fill(proto, tensor, {});
  if (auto* before = unnamed ? body_->made_before(proto, name) : nullptr) return *before;
  proto.set_name(body_->define(name));
  *body_->graph().add_initializer() = std::move(proto);
  return name;
}

std::string GraphBuilder::constant(float value) { return constant(Tensor::floats({}, std::span(&value, 1))); }

std::string GraphBuilder::constant(std::vector<std::int64_t> values) {
  return constant(Tensor::ints({static_cast<std::int64_t>(values.size())}, values));
}

static void set(onnx::AttributeProto& attribute, const Attribute& value) {
  if (auto* number = std::get_if<std::int64_t>(&value)) {
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(*number);
  } else if (auto* real = std::get_if<float>(&value)) {
    attribute.set_type(onnx::AttributeProto::FLOAT);
    attribute.set_f(*real);
  } else if (auto* text = std::get_if<std::string>(&value)) {
    attribute.set_type(onnx::AttributeProto::STRING);
    attribute.set_s(*text);
  } else if (auto* numbers = std::get_if<std::vector<std::int64_t>>(&value)) {
    attribute.set_type(onnx::AttributeProto::INTS);
    for (auto one : *numbers) attribute.add_ints(one);
  } else if (auto* reals = std::get_if<std::vector<float>>(&value)) {
    attribute.set_type(onnx::AttributeProto::FLOATS);
    for (auto one : *reals) attribute.add_floats(one);
  } else {
    attribute.set_type(onnx::AttributeProto::STRINGS);
    for (auto& one : std::get<std::vector<std::string>>(value)) attribute.add_strings(one);
  }
}

void GraphBuilder::part(std::string name) { body_->part = std::move(name); }

std::string GraphBuilder::node(std::string op, std::vector<std::string> inputs, Attributes attributes, int outputs) {
  std::string domain;
  if (auto dot = op.rfind('.'); dot != std::string::npos) {
    domain = op.substr(0, dot);
    op.erase(0, dot + 1);
    body_->import(domain);
  }
  auto name = body_->fresh(op);
  for (auto& input : inputs)
    if (!input.empty()) body_->need(input, name);  // empty: an optional input left out
  onnx::NodeProto node;
  node.set_name(body_->part);
  node.set_op_type(op);
  if (!domain.empty()) node.set_domain(domain);
  for (auto& input : inputs) node.add_input(input);
  set_attributes(node, attributes);
  // An Identity is there to be another value; what is drawn by chance is another one each time.
  bool repeats = outputs == 1 && op != "Identity" && op.rfind("Random", 0) != 0;
  if (auto* before = repeats ? body_->made_before(node, name) : nullptr) return *before;
  node.set_name(body_->part.empty() ? name : body_->part + "/" + name);
  node.add_output(body_->define(name));
  for (int i = 1; i < outputs; i++) node.add_output(body_->define(name + "_" + std::to_string(i)));
  *body_->graph().add_node() = std::move(node);
  return name;
}

void GraphBuilder::metadata(std::string key, std::string value) {
  auto& entry = *body_->model.add_metadata_props();
  entry.set_key(std::move(key));
  entry.set_value(std::move(value));
}

void GraphBuilder::describe(const Signature& signature, const json::value& lineage) {
  metadata("gyre.signature", canonical(to_json(signature)));
  metadata("gyre.lineage", canonical(lineage));
  if (!signature.about.empty()) body_->model.set_doc_string(signature.about);
}

std::string GraphBuilder::finish() const {
  auto model = body_->model;
  auto& graph = *model.mutable_graph();
  if (graph.output().empty()) throw Error(Code::internal, "the graph \"" + graph.name() + "\" has no output");
  auto rename = [&](std::string* name) {
    if (auto found = body_->outputs.find(*name); found != body_->outputs.end()) *name = found->second;
  };
  for (auto& node : *graph.mutable_node()) {
    for (auto& input : *node.mutable_input()) rename(&input);
    for (auto& output : *node.mutable_output()) rename(&output);
  }
  return serialised(model);
}

void set_attributes(onnx::NodeProto& node, const Attributes& attributes) {
  for (auto& [name, value] : attributes) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(name);
    set(attribute, value);
  }
}

}  // namespace gyre
