#pragma once
// The last stretch of every training: a net written as an ONNX graph becomes a model file that says what it is, carries
// its golden answers, and was checked against libtorch.
#include <string>
#include <vector>

#include "learn/lineage.hpp"
#include "model/graph.hpp"

namespace gyre {

inline constexpr double most_difference = 1e-4;  // between ONNX Runtime and libtorch, on any output

struct Exported {
  std::string bytes;      // of the .onnx file
  double difference = 0;  // the largest found
};

// `examples`: inputs with the answers that libtorch gave; the first three become the golden answers, as ONNX Runtime
// gives them. Error{internal} when the two differ by more than they may: such a model must not go anywhere.
Exported finish_export(GraphBuilder& graph, const Signature& signature, const json::object& lineage,
                       const std::vector<Golden>& examples);

}  // namespace gyre
