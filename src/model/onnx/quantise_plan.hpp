#pragma once
// Which operators of a graph compute in integers, and which values are 8 bits between them.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/onnx/proto.hpp"

namespace gyre {

struct QuantisePlan {
  explicit QuantisePlan(const onnx::GraphProto& graph);

  std::set<int> operators;          // node numbers: Conv, Gemm, MatMul with constant weights
  std::set<int> carriers;           // node numbers: what integers pass through unchanged: MaxPool, Concat ...
  std::map<int, int> absorbed;      // node numbers: a Relu -> the operator before it, whose rounding does its work
  std::vector<std::string> values;  // in the order they come
  std::map<std::string, std::string> same_as;  // value -> the one whose scale it must share (MaxPool's output)
  std::map<std::string, const onnx::TensorProto*> constants;

  bool is_value(const std::string& name) const { return known_.count(name) > 0; }
  // Whether its producer is an integer operator, so that nothing but its 8-bit form exists.
  bool only_integers(const std::string& name) const { return integer_made_.count(name) > 0; }

 private:
  void add_value(const std::string& name);
  bool can_operate(const onnx::NodeProto& node, bool parts) const;
  bool is_floor_at_zero(const onnx::NodeProto& node) const;
  std::set<std::string> known_, integer_made_;
};

}  // namespace gyre
