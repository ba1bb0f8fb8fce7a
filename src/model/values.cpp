#include "model/values.hpp"

#include <cmath>

#include "base/error.hpp"
#include "model/cell.hpp"

namespace gyre {

// The shape of nested lists, from the first element of each.
static void shape_of(const json::value& value, std::vector<std::int64_t>& shape) {
  auto* list = value.if_array();
  if (!list) return;
  shape.push_back(static_cast<std::int64_t>(list->size()));
  if (!list->empty()) shape_of(list->front(), shape);
}

static void append_value(const json::value& value, const TensorInfo& info, Tensor& tensor) {
  if (value.is_object()) throw Error(Code::invalid, "\"" + info.name + "\" has an object where a value should be");
  if (auto* list = value.if_array()) {
    for (auto& item : *list) append_value(item, info, tensor);
    return;
  }
  std::string text = value.is_null()     ? std::string()
                     : value.is_string() ? std::string(value.get_string())
                                         : json::serialize(value);
  append_cell(info.type, text, info.name, tensor.bytes, tensor.texts);
}

std::vector<Tensor> named_tensors(const std::vector<TensorInfo>& inputs, std::string_view bytes,
                                  std::string_view where) {
  auto value = parse_json(bytes, where);
  std::vector<Tensor> tensors;
  for (auto& info : inputs) {
    auto* given = find(value, info.name);
    if (!given)
      throw Error(Code::invalid, std::string(where) + " has no \"" + info.name + "\"",
                  "it is a JSON object with a member for each input of the model");
    Tensor tensor{info.type, {}, {}, {}};
    shape_of(*given, tensor.shape);
    while (tensor.shape.size() < info.shape.size()) tensor.shape.insert(tensor.shape.begin(), 1);
    append_value(*given, info, tensor);
    std::size_t have = info.type == DataType::text ? tensor.texts.size() : tensor.bytes.size() / size_of(info.type);
    if (have != static_cast<std::size_t>(tensor.count()))
      throw Error(Code::invalid, std::string(where) + ": the lists of \"" + info.name + "\" are not of one length");
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

static json::value element(const Tensor& tensor, std::size_t place) {
  auto number = [](auto value) -> json::value {
    if (!std::isfinite(static_cast<double>(value))) return nullptr;
    return value;
  };
  switch (tensor.type) {
    case DataType::text:
      return json::string(tensor.texts[place]);
    case DataType::f32:
      // The shortest decimal that reads back as the same float.
      return std::isfinite(tensor.as<float>()[place]) ? json::value(shortest(tensor.as<float>()[place])) : nullptr;
    case DataType::f64:
      return number(tensor.as<double>()[place]);
    case DataType::i64:
      return tensor.as<std::int64_t>()[place];
    case DataType::i32:
      return tensor.as<std::int32_t>()[place];
    case DataType::i16:
      return tensor.as<std::int16_t>()[place];
    case DataType::i8:
      return tensor.as<std::int8_t>()[place];
    case DataType::u8:
      return tensor.as<std::uint8_t>()[place];
    case DataType::boolean:
      return tensor.as<std::uint8_t>()[place] != 0;
    default:
      throw Error(Code::unsupported, "values of the type " + std::string(name_of(tensor.type)) + " cannot be told");
  }
}

static json::value nested_from(const Tensor& tensor, std::size_t axis, std::size_t& place) {
  if (axis == tensor.shape.size()) return element(tensor, place++);
  json::array list;
  for (std::int64_t i = 0; i < tensor.shape[axis]; i++) list.push_back(nested_from(tensor, axis + 1, place));
  return list;
}

json::value nested(const Tensor& tensor) {
  std::size_t place = 0;
  return nested_from(tensor, 0, place);
}

}  // namespace gyre
