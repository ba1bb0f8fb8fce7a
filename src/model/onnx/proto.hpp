#pragma once
// ONNX files as protobuf, for the files of this folder only: what runs models (gyre-module) links no protobuf.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/onnx_pb.h>
#pragma GCC diagnostic pop

#include <string>
#include <string_view>

#include "model/graph.hpp"
#include "model/tensor.hpp"

namespace gyre {

onnx::ModelProto parse_model(std::string_view bytes);  // Error{invalid} when it is none
std::string serialised(const onnx::ModelProto& model);
int onnx_type(DataType type);
void fill(onnx::TensorProto& to, const Tensor& tensor, const std::string& name);
Tensor tensor_from(const onnx::TensorProto& from);
void describe_value(onnx::ValueInfoProto& info, const std::string& name, DataType type,
                    const std::vector<std::int64_t>& shape);
void set_attributes(onnx::NodeProto& node, const Attributes& attributes);

}  // namespace gyre
