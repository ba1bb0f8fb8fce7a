#pragma once
// A tensor as a value: type, shape, bytes (or strings).
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

// In the order of their numbers in golden answers: new ones come at the end.
enum class DataType { u8, i8, i16, i32, i64, f32, f64, boolean, text, u16, u32, u64, f16, bf16 };
std::size_t size_of(DataType type);  // 0 for text
std::string_view name_of(DataType type);
std::int64_t count_of(std::span<const std::int64_t> shape);  // Error{invalid} where a size is negative or they overflow
std::string shape_text(std::span<const std::int64_t> shape);  // "[1, any, 3]": negative sizes are free

struct Tensor {
  DataType type = DataType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;    // little-endian, row-major
  std::vector<std::string> texts;  // for DataType::text

  std::int64_t count() const;
  template <class T>
  std::span<const T> as() const {
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <class T>
  std::span<T> as() {
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  static Tensor zeros(DataType type, std::vector<std::int64_t> shape);
  static Tensor floats(std::vector<std::int64_t> shape, std::span<const float> values);
  static Tensor ints(std::vector<std::int64_t> shape, std::span<const std::int64_t> values);
};

// Of values that should be the same: |a - b| / max(1, |b|), the largest; infinity where type or shape differ.
double largest_difference(const Tensor& a, const Tensor& b);

}  // namespace gyre
