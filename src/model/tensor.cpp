#include "model/tensor.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.hpp"

namespace gyre {

std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::u8:
    case DataType::i8:
    case DataType::boolean:
      return 1;
    case DataType::i16:
    case DataType::u16:
    case DataType::f16:
    case DataType::bf16:
      return 2;
    case DataType::i32:
    case DataType::u32:
    case DataType::f32:
      return 4;
    case DataType::i64:
    case DataType::u64:
    case DataType::f64:
      return 8;
    case DataType::text:
      break;
  }
  return 0;
}

std::string_view name_of(DataType type) {
  static constexpr std::string_view names[] = {"u8",      "i8",   "i16", "i32", "i64", "f32", "f64",
                                               "boolean", "text", "u16", "u32", "u64", "f16", "bf16"};
  return names[static_cast<std::size_t>(type)];
}

std::int64_t count_of(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (auto size : shape)
    if (size < 0 || __builtin_mul_overflow(count, size, &count))
      throw Error(Code::invalid, "a tensor cannot have the shape " + shape_text(shape));
  return count;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (auto size : shape) {
    if (text.size() > 1) text += ", ";
    text += size < 0 ? "any" : std::to_string(size);
  }
  return text + "]";
}

std::int64_t Tensor::count() const { return count_of(shape); }

Tensor Tensor::zeros(DataType type, std::vector<std::int64_t> shape) {
  Tensor tensor{type, std::move(shape), {}, {}};
  auto count = static_cast<std::size_t>(tensor.count());
  if (type == DataType::text)
    tensor.texts.resize(count);
  else
    tensor.bytes.resize(count * size_of(type));
  return tensor;
}

template <class T>
static Tensor filled(DataType type, std::vector<std::int64_t> shape, std::span<const T> values) {
  Tensor tensor = Tensor::zeros(type, std::move(shape));
  if (tensor.bytes.size() != values.size_bytes())
    throw Error(Code::internal, "a tensor of shape " + shape_text(tensor.shape) + " was given " +
                                    std::to_string(values.size()) + " values");
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), values.size_bytes());
  return tensor;
}

Tensor Tensor::floats(std::vector<std::int64_t> shape, std::span<const float> values) {
  return filled(DataType::f32, std::move(shape), values);
}

Tensor Tensor::ints(std::vector<std::int64_t> shape, std::span<const std::int64_t> values) {
  return filled(DataType::i64, std::move(shape), values);
}

double largest_difference(const Tensor& a, const Tensor& b) {
  if (a.type != b.type || a.shape != b.shape) return std::numeric_limits<double>::infinity();
  if (a.type != DataType::f32)
    return a.bytes == b.bytes && a.texts == b.texts ? 0 : std::numeric_limits<double>::infinity();
  double largest = 0;
  auto left = a.as<float>(), right = b.as<float>();
  for (std::size_t i = 0; i < left.size(); i++) {
    if (left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i]))) continue;
    double difference = std::abs(double{left[i]} - right[i]) / std::max(1.0, std::abs(double{right[i]}));
    largest = std::max(largest, std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference);
  }
  return largest;
}

}  // namespace gyre
