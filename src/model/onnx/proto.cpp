#include "model/onnx/proto.hpp"

#include <algorithm>
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

// How many values the file holds for a tensor, in whichever of the fields they are.
static std::size_t values_held(const onnx::TensorProto& from, DataType type) {
  if (type == DataType::text) return static_cast<std::size_t>(from.string_data_size());
  if (from.has_raw_data()) return from.raw_data().size() / size_of(type);
  if (type == DataType::f32) return static_cast<std::size_t>(from.float_data_size());
  if (type == DataType::f64) return static_cast<std::size_t>(from.double_data_size());
  if (type == DataType::i64) return static_cast<std::size_t>(from.int64_data_size());
  return static_cast<std::size_t>(from.int32_data_size());
}

template <class T, class Values>
static void copy_values(Tensor& tensor, const Values& values) {
  std::transform(values.begin(), values.end(), tensor.as<T>().begin(),
                 [](auto value) { return static_cast<T>(value); });
}

Tensor tensor_from(const onnx::TensorProto& from) {
  auto row =
      std::find_if(std::begin(types), std::end(types), [&](auto& one) { return one.theirs == from.data_type(); });
  if (row == std::end(types))
    throw Error(Code::unsupported,
                "ONNX tensor \"" + from.name() + "\" is of type " + std::to_string(from.data_type()));
  // Compared before memory is taken: a damaged file may claim any shape.
  std::vector<std::int64_t> shape(from.dims().begin(), from.dims().end());
  if (values_held(from, row->ours) != static_cast<std::size_t>(count_of(shape)))
    throw Error(Code::invalid, "ONNX tensor \"" + from.name() + "\" has not as many values as its shape says");
  Tensor tensor = Tensor::zeros(row->ours, std::move(shape));
  if (row->ours == DataType::text)
    tensor.texts.assign(from.string_data().begin(), from.string_data().end());
  else if (from.has_raw_data())
    std::memcpy(tensor.bytes.data(), from.raw_data().data(), tensor.bytes.size());
  else if (row->ours == DataType::f32)
    copy_values<float>(tensor, from.float_data());
  else if (row->ours == DataType::f64)
    copy_values<double>(tensor, from.double_data());
  else if (row->ours == DataType::i64)
    copy_values<std::int64_t>(tensor, from.int64_data());
  else if (row->ours == DataType::i32)
    copy_values<std::int32_t>(tensor, from.int32_data());
  else if (row->ours == DataType::i16)
    copy_values<std::int16_t>(tensor, from.int32_data());
  else
    copy_values<std::uint8_t>(tensor, from.int32_data());
  return tensor;
}

}  // namespace gyre
