#include "flow/pipeline.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/step.hpp"
#include "flow/yaml.hpp"

namespace gyre {

// "${{parameters.seed}}" anywhere in a text is replaced; a text that is nothing else takes the parameter's own type.
static json::value filled(const std::string& text, const json::object& parameters, const std::string& where) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    std::size_t open = text.find("${{", at);
    if (open == std::string::npos) break;
    std::size_t close = text.find("}}", open);
    if (close == std::string::npos) throw Error(Code::invalid, where + ": \"${{\" is never closed");
    std::string name = text.substr(open + 3, close - open - 3);
    name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
    if (!name.starts_with("parameters."))
      throw Error(Code::invalid, where + ": \"" + name + "\" is not parameters.NAME");
    auto* value = parameters.if_contains(name.substr(11));
    if (!value) throw Error(Code::invalid, where + ": the parameter \"" + name.substr(11) + "\" was not given");
    if (open == 0 && close + 2 == text.size()) return *value;
    out +=
        text.substr(at, open - at) + (value->is_string() ? std::string(value->get_string()) : json::serialize(*value));
    at = close + 2;
  }
  return json::string(out + text.substr(at));
}

static json::value from_yaml(const YAML::Node& node, const json::object& parameters, std::string_view where) {
  std::string place = std::string(where) + ":" + std::to_string(node.Mark().line + 1);
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      json::object object;
      for (auto it : node) object[it.first.as<std::string>()] = from_yaml(it.second, parameters, where);
      return object;
    }
    case YAML::NodeType::Sequence: {
      json::array array;
      for (auto item : node) array.push_back(from_yaml(item, parameters, where));
      return array;
    }
    case YAML::NodeType::Scalar: {
      std::string text = node.Scalar();
      if (node.Tag() == "!") return filled(text, parameters, place);  // quoted: a text whatever it looks like
      if (text == "true" || text == "false") return text == "true";
      json::error_code error;
      json::value number = json::parse(text, error);
      if (!error && number.is_number()) return number;
      return filled(text, parameters, place);
    }
    default:
      return nullptr;
  }
}

static YAML::Node load(std::string_view yaml, std::string_view where) {
  try {
    return YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& error) {
    throw Error(Code::invalid, std::string(where) + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

json::value yaml_value(std::string_view yaml, std::string_view where) {
  return from_yaml(load(yaml, where), {}, where);
}

Pipeline parse_pipeline(std::string_view yaml, std::string_view where, const json::object& given) {
  YAML::Node document = load(yaml, where);
  json::object parameters;
  if (document["parameters"]) parameters = from_yaml(document["parameters"], {}, where).as_object();
  for (auto& [name, value] : given) {
    if (!parameters.contains(name))
      throw Error(Code::invalid, std::string(where) + " has no parameter \"" + std::string(name) + "\"");
    parameters[name] = value;
  }
  document.remove("parameters");
  try {
    return pipeline_from(from_yaml(document, parameters, where));
  } catch (const Error& error) {
    throw Error(error.code, std::string(where) + ": " + error.text(), error.hint);
  }
}

static std::map<std::string, std::string> texts(const json::value& node, std::string_view key) {
  std::map<std::string, std::string> result;
  if (auto* object = find(node, key))
    for (auto& [name, value] : object->as_object()) {
      if (!value.is_string())
        throw Error(Code::invalid, std::string(key) + "." + std::string(name) + " must be a text");
      result[std::string(name)] = std::string(value.get_string());
    }
  return result;
}

Pipeline pipeline_from(const json::value& value) {
  Pipeline pipeline;
  pipeline.name = string_or(value, "name", "pipeline");
  auto* nodes = find(value, "nodes");
  if (!nodes || !nodes->is_object())
    throw Error(Code::invalid, "a pipeline needs \"nodes\": a name and a step for each");
  for (auto& [id, body] : nodes->get_object()) {
    Node node;
    node.id = std::string(id);
    node.step = get_string(body, "step");
    node.station = string_or(body, "station", "");
    if (auto threads = find_number(body, "threads")) node.threads = static_cast<int>(*threads);
    if (auto* options = find(body, "options")) node.options = options->as_object();
    node.inputs = texts(body, "inputs");
    node.keep = texts(body, "keep");
    pipeline.nodes.push_back(std::move(node));
  }
  return pipeline;
}

json::object to_json(const Pipeline& pipeline) {
  json::object nodes;
  for (auto& node : pipeline.nodes)
    nodes[node.id] = {{"step", node.step},
                      {"station", node.station},
                      {"threads", node.threads},
                      {"options", node.options},
                      {"inputs", json::value_from(node.inputs)},
                      {"keep", json::value_from(node.keep)}};
  return {{"name", pipeline.name}, {"nodes", nodes}};
}

// The node and output that an input refers to, when it refers to one: "train.model".
static const Node* source_of(const Pipeline& pipeline, const std::string& reference, std::string* output) {
  if (reference.starts_with("file:") || reference.starts_with("sha256:")) return nullptr;
  auto dot = reference.rfind('.');
  if (dot == std::string::npos) return nullptr;
  for (auto& node : pipeline.nodes)
    if (node.id == reference.substr(0, dot)) {
      *output = reference.substr(dot + 1);
      return &node;
    }
  return nullptr;
}

static void check_ports(const Node& node) {
  const Step& step = get_step(node.step);
  complete(step.fields, node.options, node.id);
  auto has = [](const std::vector<Port>& ports, const std::string& name) {
    return std::any_of(ports.begin(), ports.end(), [&](const Port& port) { return port.name == name; });
  };
  for (auto& [name, reference] : node.inputs)
    if (!has(step.inputs, name))
      throw Error(Code::invalid, node.id + ": the step " + step.name + " has no input \"" + name + "\"");
  for (auto& port : step.inputs)
    if (!port.optional && !node.inputs.count(port.name))
      throw Error(Code::invalid, node.id + ": the step " + step.name + " needs the input \"" + port.name + "\"",
                  port.help);
  for (auto& [name, asset] : node.keep)
    if (!has(step.outputs, name))
      throw Error(Code::invalid, node.id + ": the step " + step.name + " has no output \"" + name + "\"");
}

std::vector<std::size_t> check(const Pipeline& pipeline) {
  std::vector<std::size_t> order;
  std::vector<int> state(pipeline.nodes.size());  // 0 new, 1 being visited, 2 placed
  std::function<void(std::size_t)> visit = [&](std::size_t i) {
    const Node& node = pipeline.nodes[i];
    if (state[i] == 2) return;
    if (state[i] == 1) throw Error(Code::invalid, "the pipeline goes in a circle through \"" + node.id + "\"");
    state[i] = 1;
    check_ports(node);
    for (auto& [name, reference] : node.inputs) {
      std::string output;
      const Node* source = source_of(pipeline, reference, &output);
      if (!source) continue;
      auto& outputs = get_step(source->step).outputs;
      if (std::none_of(outputs.begin(), outputs.end(), [&](const Port& port) { return port.name == output; }))
        throw Error(Code::invalid, node.id + "." + name + ": \"" + source->id + "\" has no output \"" + output + "\"");
      visit(static_cast<std::size_t>(source - pipeline.nodes.data()));
    }
    state[i] = 2;
    order.push_back(i);
  };
  for (std::size_t i = 0; i < pipeline.nodes.size(); i++) visit(i);
  return order;
}

}  // namespace gyre
