#include "serve/join.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>

#include "serve/types.hpp"

namespace gyre {

std::vector<TensorView> joined_inputs(const std::vector<TaskPointer>& batch,
                                      std::vector<std::vector<std::byte>>& memory) {
  std::vector<TensorView> joined;
  for (std::size_t i = 0; i < batch.front()->inputs.size(); i++) {
    TensorView all{batch.front()->inputs[i].type, batch.front()->inputs[i].shape, {}, {}};
    all.shape[0] = 0;
    std::size_t size = 0;
    for (auto& task : batch) size += task->inputs[i].bytes.size();
    auto& bytes = memory.emplace_back();
    bytes.reserve(size);
    for (auto& task : batch) {
      auto& part = task->inputs[i];
      all.shape[0] += part.shape[0];
      bytes.insert(bytes.end(), part.bytes.begin(), part.bytes.end());
      all.texts.insert(all.texts.end(), part.texts.begin(), part.texts.end());
    }
    all.bytes = bytes;
    joined.push_back(std::move(all));
  }
  return joined;
}

void share_out(const std::vector<TensorView>& outputs, const std::vector<TaskPointer>& batch) {
  std::size_t rows = 0;
  for (auto& task : batch) rows += task->rows;
  for (auto& output : outputs)
    if (output.shape.empty() || output.shape[0] != static_cast<std::int64_t>(rows))
      throw Error(
          Code::internal,
          "a batch of " + std::to_string(rows) + " rows was answered with the shape " + shape_text(output.shape),
          "set max_batch_size to 0 in the model's configuration: it cannot be batched");
  std::size_t first = 0;
  for (auto& task : batch) {
    for (auto& output : outputs) {
      TensorView part{output.type, output.shape, {}, {}};
      part.shape[0] = static_cast<std::int64_t>(task->rows);
      std::size_t bytes = output.bytes.size() / rows, texts = output.texts.size() / rows;
      part.bytes = output.bytes.subspan(first * bytes, task->rows * bytes);
      if (texts)
        part.texts.assign(output.texts.begin() + static_cast<std::ptrdiff_t>(first * texts),
                          output.texts.begin() + static_cast<std::ptrdiff_t>((first + task->rows) * texts));
      task->outputs.push_back(std::move(part));
    }
    first += task->rows;
  }
}

template <class T>
static void classify_as(const TensorView& tensor, std::size_t rows, std::size_t classes,
                        const std::vector<std::string>& labels, std::vector<std::string>& texts) {
  auto* values = reinterpret_cast<const T*>(tensor.bytes.data());
  std::size_t width = tensor.bytes.size() / sizeof(T) / rows;
  std::vector<std::size_t> order(width);
  for (std::size_t row = 0; row < rows; row++, values += width) {
    std::iota(order.begin(), order.end(), 0);
    // NaN is less than every number: else this would be no order.
    auto above = [&](std::size_t a, std::size_t b) {
      if constexpr (std::is_floating_point_v<T>)
        if (std::isnan(values[a]) || std::isnan(values[b])) return !std::isnan(values[a]) && std::isnan(values[b]);
      return values[a] > values[b];
    };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(classes), order.end(), above);
    for (std::size_t i = 0; i < classes; i++) {
      char number[32];
      auto end = std::to_chars(number, number + sizeof number, values[order[i]]).ptr;
      std::string text(number, end);
      text += ":" + std::to_string(order[i]);
      if (labels.size() == width) text += ":" + labels[order[i]];
      texts.push_back(std::move(text));
    }
  }
}

Classified classify(const TensorView& tensor, std::size_t classes, bool with_rows,
                    const std::vector<std::string>& labels) {
  Classified found;
  std::size_t rows = with_rows && !tensor.shape.empty() ? static_cast<std::size_t>(tensor.shape[0]) : 1;
  std::size_t each = tensor.type == DataType::text || rows == 0 ? 0 : tensor.bytes.size() / size_of(tensor.type) / rows;
  classes = std::min(classes, each);
  if (with_rows) found.shape.push_back(static_cast<std::int64_t>(rows));
  found.shape.push_back(static_cast<std::int64_t>(classes));
  if (classes == 0) return found;
  switch (tensor.type) {
#define GYRE_CASE(name, type)                                      \
  case DataType::name:                                             \
    classify_as<type>(tensor, rows, classes, labels, found.texts); \
    break
    GYRE_CASE(f32, float);
    GYRE_CASE(f64, double);
    GYRE_CASE(i8, std::int8_t);
    GYRE_CASE(i16, std::int16_t);
    GYRE_CASE(i32, std::int32_t);
    GYRE_CASE(i64, std::int64_t);
    GYRE_CASE(u8, std::uint8_t);
    GYRE_CASE(u16, std::uint16_t);
    GYRE_CASE(u32, std::uint32_t);
    GYRE_CASE(u64, std::uint64_t);
#undef GYRE_CASE
    default:
      throw Error(Code::invalid,
                  "values of the type " + std::string(protocol_name(tensor.type)) + " cannot be classified");
  }
  return found;
}

}  // namespace gyre
