#include "model/onnx/proto.hpp"

#include <cstring>

#include "base/error.hpp"

namespace gyre {

onnx::ModelProto parse_model(std::string_view bytes) {
  onnx::ModelProto model;
  if (bytes.size() > 0x7fffffff || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !model.has_graph())
    throw Error(Code::invalid, "these bytes are no ONNX model");
  return model;
}

std::string serialised(const onnx::ModelProto& model) {
  std::string bytes;
  if (!model.SerializeToString(&bytes)) throw Error(Code::invalid, "an ONNX file cannot be larger than 2 GB");
  return bytes;
}

namespace {
struct TypeRow {
  DataType ours;
  int theirs;
};
}  // namespace
static constexpr TypeRow types[] = {
    {DataType::u8, onnx::TensorProto::UINT8},   {DataType::i8, onnx::TensorProto::INT8},
    {DataType::i16, onnx::TensorProto::INT16},  {DataType::i32, onnx::TensorProto::INT32},
    {DataType::i64, onnx::TensorProto::INT64},  {DataType::f32, onnx::TensorProto::FLOAT},
    {DataType::f64, onnx::TensorProto::DOUBLE}, {DataType::boolean, onnx::TensorProto::BOOL},
    {DataType::text, onnx::TensorProto::STRING}};

int onnx_type(DataType type) {
  for (auto& row : types)
    if (row.ours == type) return row.theirs;
  return onnx::TensorProto::UNDEFINED;
}

void fill(onnx::TensorProto& to, const Tensor& tensor, const std::string& name) {
  to.set_name(name);
  to.set_data_type(onnx_type(tensor.type));
  for (auto size : tensor.shape) to.add_dims(size);
  if (tensor.type == DataType::text)
    for (auto& text : tensor.texts) to.add_string_data(text);
  else
    to.set_raw_data(tensor.bytes.data(), tensor.bytes.size());
}

template <class T, class Values>
static void copy_values(Tensor& tensor, const Values& values) {
  auto to = tensor.as<T>();
  if (to.size() != static_cast<std::size_t>(values.size()))
    throw Error(Code::invalid, "an ONNX tensor has too few values");
  for (int i = 0; i < values.size(); i++) to[static_cast<std::size_t>(i)] = static_cast<T>(values.Get(i));
}

Tensor tensor_from(const onnx::TensorProto& from) {
  for (auto& row : types) {
    if (row.theirs != from.data_type()) continue;
    Tensor tensor = Tensor::zeros(row.ours, {from.dims().begin(), from.dims().end()});
    if (row.ours == DataType::text) {
      tensor.texts.assign(from.string_data().begin(), from.string_data().end());
    } else if (from.has_raw_data()) {
      if (from.raw_data().size() != tensor.bytes.size()) throw Error(Code::invalid, "an ONNX tensor has too few bytes");
      std::memcpy(tensor.bytes.data(), from.raw_data().data(), from.raw_data().size());
    } else if (row.ours == DataType::f32) {
      copy_values<float>(tensor, from.float_data());
    } else if (row.ours == DataType::f64) {
      copy_values<double>(tensor, from.double_data());
    } else if (row.ours == DataType::i64) {
      copy_values<std::int64_t>(tensor, from.int64_data());
    } else if (row.ours == DataType::i32) {
      copy_values<std::int32_t>(tensor, from.int32_data());
    } else if (row.ours == DataType::i16) {
      copy_values<std::int16_t>(tensor, from.int32_data());
    } else {
      copy_values<std::uint8_t>(tensor, from.int32_data());
    }
    return tensor;
  }
  throw Error(Code::unsupported, "ONNX tensor \"" + from.name() + "\" is of type " + std::to_string(from.data_type()));
}

}  // namespace gyre
