#include "serve/types.hpp"

namespace gyre {

namespace {
struct Row {
  DataType type;
  std::string_view protocol;
  std::string_view config;
};
}  // namespace

static constexpr Row rows[] = {{DataType::f32, "FP32", "TYPE_FP32"},     {DataType::i64, "INT64", "TYPE_INT64"},
                               {DataType::text, "BYTES", "TYPE_STRING"}, {DataType::u8, "UINT8", "TYPE_UINT8"},
                               {DataType::i32, "INT32", "TYPE_INT32"},   {DataType::boolean, "BOOL", "TYPE_BOOL"},
                               {DataType::f64, "FP64", "TYPE_FP64"},     {DataType::i8, "INT8", "TYPE_INT8"},
                               {DataType::i16, "INT16", "TYPE_INT16"},   {DataType::u16, "UINT16", "TYPE_UINT16"},
                               {DataType::u32, "UINT32", "TYPE_UINT32"}, {DataType::u64, "UINT64", "TYPE_UINT64"},
                               {DataType::f16, "FP16", "TYPE_FP16"},     {DataType::bf16, "BF16", "TYPE_BF16"}};

static const Row& row_of(DataType type) {
  for (auto& row : rows)
    if (row.type == type) return row;
  __builtin_unreachable();  // a type that the table lacks
}

std::string_view protocol_name(DataType type) { return row_of(type).protocol; }
std::string_view config_name(DataType type) { return row_of(type).config; }

std::optional<DataType> protocol_type(std::string_view name) {
  for (auto& row : rows)
    if (row.protocol == name) return row.type;
  return std::nullopt;
}

}  // namespace gyre
