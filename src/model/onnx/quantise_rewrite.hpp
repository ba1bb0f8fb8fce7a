#pragma once
// The last step of quantising: the graph written anew.
#include "model/onnx/quantise_plan.hpp"
#include "model/onnx/ranges.hpp"

namespace gyre {

// Nodes in their order, pairs of quantise and dequantise where the plan says; weights become signed integers up to
// `weight_max`. Gives the new model's bytes.
std::string rewrite_in_integers(const onnx::ModelProto& model, const QuantisePlan& plan,
                                const std::map<std::string, Scale>& scales, int weight_max);

}  // namespace gyre
