#include <algorithm>

#include "base/error.hpp"
#include "model/onnx/rewrite.hpp"
#include "model/own_operators.hpp"

namespace gyre {

static ForestParts parts_of(const onnx::NodeProto& node) {
  ForestParts parts;
  auto ints = [](const onnx::AttributeProto& from) {
    return std::vector<std::int64_t>(from.ints().begin(), from.ints().end());
  };
  auto floats = [](const onnx::AttributeProto& from) {
    return std::vector<float>(from.floats().begin(), from.floats().end());
  };
  for (auto& attribute : node.attribute()) {
    auto& name = attribute.name();
    if (name == "nodes_treeids")
      parts.trees = ints(attribute);
    else if (name == "nodes_nodeids")
      parts.nodes = ints(attribute);
    else if (name == "nodes_featureids")
      parts.features = ints(attribute);
    else if (name == "nodes_truenodeids")
      parts.true_nodes = ints(attribute);
    else if (name == "nodes_falsenodeids")
      parts.false_nodes = ints(attribute);
    else if (name == "nodes_missing_value_tracks_true")
      parts.missing_is_true = ints(attribute);
    else if (name == "nodes_values")
      parts.thresholds = floats(attribute);
    else if (name == "target_treeids")
      parts.weight_trees = ints(attribute);
    else if (name == "target_nodeids")
      parts.weight_nodes = ints(attribute);
    else if (name == "target_ids")
      parts.weight_targets = ints(attribute);
    else if (name == "target_weights")
      parts.weights = floats(attribute);
    else if (name == "base_values")
      parts.base = floats(attribute);
    else if (name == "n_targets")
      parts.targets = attribute.i();
    else if (name == "nodes_modes") {
      for (auto& mode : attribute.strings()) {
        if (mode != "LEAF" && mode != "BRANCH_LEQ" && mode != "BRANCH_LT")
          throw Error(Code::unsupported, "a node that compares with " + mode);
        parts.modes.push_back(mode == "LEAF"         ? ForestParts::leaf
                              : mode == "BRANCH_LEQ" ? ForestParts::less_or_equal
                                                     : ForestParts::less);
      }
    } else if (!(name == "nodes_hitrates" || (name == "aggregate_function" && attribute.s() == "SUM") ||
                 (name == "post_transform" && attribute.s() == "NONE"))) {
      throw Error(Code::unsupported, "the attribute " + name + " of a forest");
    }
  }
  return parts;
}

static bool is_forest(const onnx::NodeProto& node) {
  if (node.op_type() != "TreeEnsembleRegressor" || node.domain() != "ai.onnx.ml") return false;
  try {
    Forest forest(parts_of(node));
    return true;
  } catch (const Error&) {
    return false;  // ONNX Runtime runs it, or says what is wrong with it
  }
}

// The kernel reads numbers only: ONNX Runtime gives it no lists of texts.
static void rewrite(onnx::NodeProto& node) {
  auto modes = parts_of(node).modes;
  for (auto& attribute : *node.mutable_attribute()) {
    if (attribute.name() != "nodes_modes") continue;
    attribute.clear_strings();
    attribute.set_type(onnx::AttributeProto::INTS);
    for (auto mode : modes) attribute.add_ints(mode);
  }
  auto unused = [](const onnx::AttributeProto& attribute) {
    auto& name = attribute.name();
    return name == "nodes_hitrates" || name == "aggregate_function" || name == "post_transform";
  };
  auto& attributes = *node.mutable_attribute();
  attributes.erase(std::remove_if(attributes.begin(), attributes.end(), unused), attributes.end());
  node.set_domain(own_domain);
  node.set_op_type(forest_operator);
}

bool rewrite_forests(onnx::GraphProto& graph) {
  bool any = false;
  for (auto& node : *graph.mutable_node()) {
    if (!is_forest(node)) continue;
    rewrite(node);
    any = true;
  }
  return any;
}

}  // namespace gyre
