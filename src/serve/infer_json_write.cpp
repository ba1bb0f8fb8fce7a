#include <charconv>
#include <cmath>
#include <cstring>

#include "serve/infer_json.hpp"
#include "serve/served_model.hpp"
#include "serve/types.hpp"

namespace gyre {

void append_json_string(std::string& to, std::string_view text) {
  to += '"';
  for (std::size_t i = 0; i < text.size(); i++) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += text[i];
    } else if (c < 0x20) {
      static constexpr char digits[] = "0123456789abcdef";
      to += "\\u00";
      to += digits[c >> 4];
      to += digits[c & 15];
    } else {
      to += text[i];
    }
  }
  to += '"';
}

template <class T>
static void append_number(std::string& to, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) {  // as Python writes and reads them
      to += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
      return;
    }
  }
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  to.append(text, end);
  if constexpr (std::is_floating_point_v<T>)  // a whole number stays a floating one for readers that tell them apart
    if (std::string_view(text, static_cast<std::size_t>(end - text)).find_first_of(".e") == std::string_view::npos)
      to += ".0";
}

template <class T>
static void append_values(std::string& to, std::span<const std::byte> bytes) {
  std::size_t count = bytes.size() / sizeof(T);
  to.reserve(to.size() + count * 12);
  for (std::size_t i = 0; i < count; i++) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    if (i) to += ',';
    append_number(to, value);
  }
}

void append_json_values(std::string& to, const TensorView& tensor, std::string_view name) {
  to += '[';
  switch (tensor.type) {
    case DataType::f32:
      append_values<float>(to, tensor.bytes);
      break;
    case DataType::f64:
      append_values<double>(to, tensor.bytes);
      break;
    case DataType::i8:
      append_values<std::int8_t>(to, tensor.bytes);
      break;
    case DataType::i16:
      append_values<std::int16_t>(to, tensor.bytes);
      break;
    case DataType::i32:
      append_values<std::int32_t>(to, tensor.bytes);
      break;
    case DataType::i64:
      append_values<std::int64_t>(to, tensor.bytes);
      break;
    case DataType::u8:
      append_values<std::uint8_t>(to, tensor.bytes);
      break;
    case DataType::u16:
      append_values<std::uint16_t>(to, tensor.bytes);
      break;
    case DataType::u32:
      append_values<std::uint32_t>(to, tensor.bytes);
      break;
    case DataType::u64:
      append_values<std::uint64_t>(to, tensor.bytes);
      break;
    case DataType::boolean:
      for (std::size_t i = 0; i < tensor.bytes.size(); i++) {
        if (i) to += ',';
        to += tensor.bytes[i] != std::byte{0} ? "true" : "false";
      }
      break;
    case DataType::text:
      for (std::size_t i = 0; i < tensor.texts.size(); i++) {
        if (i) to += ',';
        append_json_string(to, tensor.texts[i]);
      }
      break;
    case DataType::f16:
    case DataType::bf16:
      throw Error(Code::invalid,
                  "output \"" + std::string(name) + "\" is " + std::string(protocol_name(tensor.type)) +
                      ", which JSON cannot carry",
                  "ask for binary data");
  }
  to += ']';
}

InferBody write_infer(const InferTask& task) {
  InferBody body;
  std::string& text = body.bytes;
  text.reserve(256 + 64 * task.outputs.size());
  text += "{\"model_name\":";
  append_json_string(text, task.model->name());
  text += ",\"model_version\":\"" + task.model->version() + '"';
  if (!task.request.id.empty()) {
    text += ",\"id\":";
    append_json_string(text, task.request.id);
  }
  text += ",\"outputs\":[";
  for (std::size_t i = 0; i < task.outputs.size(); i++) {
    auto& wanted = task.request.outputs[i];
    auto& tensor = task.outputs[i];
    if (i) text += ',';
    text += "{\"name\":";
    append_json_string(text, wanted.name);
    text += ",\"datatype\":\"";
    text += protocol_name(tensor.type);
    text += "\",\"shape\":[";
    for (std::size_t j = 0; j < tensor.shape.size(); j++) {
      if (j) text += ',';
      append_number(text, tensor.shape[j]);
    }
    text += ']';
    // "parameters" only where they say something: NVIDIA's client aborts on others.
    if (wanted.shared) {
      std::size_t size = put_shared(tensor, *wanted.shared, wanted.name);
      text += ",\"parameters\":{\"shared_memory_byte_size\":" + std::to_string(size) + ",\"binary_data_size\":0}";
    } else if (wanted.binary) {
      text += ",\"parameters\":{\"binary_data_size\":" + std::to_string(packed_size(tensor)) + '}';
      body.binary = true;
    } else {
      text += ",\"data\":";
      append_json_values(text, tensor, wanted.name);
    }
    text += '}';
  }
  text += "]}";
  body.json_size = text.size();
  for (std::size_t i = 0; i < task.outputs.size(); i++)
    if (task.request.outputs[i].binary && !task.request.outputs[i].shared) pack_tensor(task.outputs[i], text);
  return body;
}

}  // namespace gyre
