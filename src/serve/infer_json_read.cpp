#include <cstring>
#include <limits>

#include "serve/infer_json.hpp"
#include "serve/json_cursor.hpp"
#include "serve/shared_memory.hpp"
#include "serve/types.hpp"

namespace gyre {

static constexpr int deepest_body = 32;

// Calls `element` for each element of nested lists, in order.
template <class Element>
static void each_element(JsonCursor& cursor, const Element& element) {
  int depth = 0;
  cursor.expect('[');
  depth++;
  bool first = true;  // of its list
  while (depth > 0) {
    if (cursor.take(']')) {
      depth--;
      first = false;
      continue;
    }
    if (!first) cursor.expect(',');
    if (cursor.take('[')) {
      if (++depth > deepest_body) cursor.expected("less nesting");
      first = true;
      continue;
    }
    element();
    first = false;
  }
}

template <class T, class Read>
static void read_values(JsonCursor& cursor, InferInput& input, std::size_t count, const Read& read) {
  input.owned.resize(count * sizeof(T));
  auto* to = reinterpret_cast<T*>(input.owned.data());
  std::size_t found = 0;
  each_element(cursor, [&] {
    T value = static_cast<T>(read());
    if (found < count) to[found] = value;
    found++;
  });
  if (found != count)
    throw Error(Code::invalid, "input \"" + input.name + "\": its data has " + std::to_string(found) +
                                   " values, its shape " + shape_text(input.shape) + " " + std::to_string(count));
  input.bytes = input.owned;
}

template <class T>
static void read_integers(JsonCursor& cursor, InferInput& input, std::size_t count) {
  read_values<T>(cursor, input, count, [&] {
    if constexpr (std::is_signed_v<T>) {
      std::int64_t value = cursor.signed_integer();
      if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())
        throw Error(Code::invalid, "input \"" + input.name + "\": " + std::to_string(value) + " is no " +
                                       std::string(protocol_name(input.type)));
      return value;
    } else {
      std::uint64_t value = cursor.unsigned_integer();
      if (value > std::numeric_limits<T>::max())
        throw Error(Code::invalid, "input \"" + input.name + "\": " + std::to_string(value) + " is no " +
                                       std::string(protocol_name(input.type)));
      return value;
    }
  });
}

static void read_texts(JsonCursor& cursor, InferInput& input, std::size_t count) {
  each_element(cursor, [&] { input.texts.push_back(cursor.string()); });
  if (input.texts.size() != count)
    throw Error(Code::invalid, "input \"" + input.name + "\": its data has " + std::to_string(input.texts.size()) +
                                   " values, its shape " + shape_text(input.shape) + " " + std::to_string(count));
}

static void read_data(JsonCursor& cursor, InferInput& input) {
  auto count = static_cast<std::size_t>(count_of(input.shape));
  // Each value takes a byte of text at least: no shape makes us reserve more than was sent.
  if (count > cursor.left())
    throw Error(Code::invalid,
                "input \"" + input.name + "\": its data has fewer values than its shape " + shape_text(input.shape));
  switch (input.type) {
    case DataType::f32:
      return read_values<float>(cursor, input, count, [&] { return cursor.number32(); });
    case DataType::f64:
      return read_values<double>(cursor, input, count, [&] { return cursor.number(); });
    case DataType::i8:
      return read_integers<std::int8_t>(cursor, input, count);
    case DataType::i16:
      return read_integers<std::int16_t>(cursor, input, count);
    case DataType::i32:
      return read_integers<std::int32_t>(cursor, input, count);
    case DataType::i64:
      return read_integers<std::int64_t>(cursor, input, count);
    case DataType::u8:
      return read_integers<std::uint8_t>(cursor, input, count);
    case DataType::u16:
      return read_integers<std::uint16_t>(cursor, input, count);
    case DataType::u32:
      return read_integers<std::uint32_t>(cursor, input, count);
    case DataType::u64:
      return read_integers<std::uint64_t>(cursor, input, count);
    case DataType::boolean:
      return read_values<std::uint8_t>(cursor, input, count, [&] {
        char next = cursor.peek();
        return next == 't' || next == 'f' ? cursor.boolean() : cursor.unsigned_integer() != 0;
      });
    case DataType::text:
      return read_texts(cursor, input, count);
    case DataType::f16:
    case DataType::bf16:
      throw Error(Code::invalid,
                  "input \"" + input.name + "\": " + std::string(protocol_name(input.type)) + " cannot be sent as JSON",
                  "send it as binary data");
  }
}

namespace {
// The parameters of a tensor.
struct TensorParameters {
  std::optional<std::size_t> binary_size;
  std::optional<bool> binary;
  std::size_t classes = 0;
  std::string region;
  std::size_t region_size = 0, region_offset = 0;

  void read(JsonCursor& cursor) {
    cursor.members([&](const std::string& name) {
      if (name == "binary_data_size")
        binary_size = cursor.unsigned_integer();
      else if (name == "binary_data")
        binary = cursor.boolean();
      else if (name == "classification")
        classes = cursor.unsigned_integer();
      else if (name == "shared_memory_region")
        region = cursor.string();
      else if (name == "shared_memory_byte_size")
        region_size = cursor.unsigned_integer();
      else if (name == "shared_memory_offset")
        region_offset = cursor.unsigned_integer();
      else
        cursor.skip_value();
    });
  }
};
}  // namespace

static void read_input(JsonCursor& cursor, const SharedMemory& shared, InferRequest& request,
                       std::vector<std::pair<std::size_t, std::size_t>>& binary_parts) {
  auto& input = request.inputs.emplace_back();
  TensorParameters parameters;
  std::optional<std::size_t> data_at;
  bool has_shape = false, has_type = false, has_data = false;
  cursor.members([&](const std::string& name) {
    if (name == "name") {
      input.name = cursor.string();
    } else if (name == "shape") {
      input.shape.clear();
      cursor.items([&] { input.shape.push_back(cursor.signed_integer()); });
      has_shape = true;
    } else if (name == "datatype") {
      std::string type = cursor.string();
      auto known = protocol_type(type);
      if (!known) throw Error(Code::invalid, "input \"" + input.name + "\": there is no datatype " + type);
      input.type = *known;
      has_type = true;
    } else if (name == "data" && !has_data) {
      has_data = true;
      if (has_shape && has_type) return read_data(cursor, input);
      data_at = cursor.position();  // what it means is said behind it
      cursor.skip_value();
    } else if (name == "parameters") {
      parameters.read(cursor);
    } else {
      cursor.skip_value();
    }
  });
  auto missing = [&](std::string_view what) {
    throw Error(Code::invalid, "input \"" + input.name + "\" of the request has no " + std::string(what));
  };
  if (input.name.empty()) missing("name");
  if (!has_shape) missing("shape");
  if (!has_type) missing("datatype");
  count_of(input.shape);
  if (data_at) {
    auto there = cursor.at(*data_at);
    read_data(there, input);
  }
  bool elsewhere = parameters.binary_size || !parameters.region.empty();
  if (has_data && elsewhere) throw Error(Code::invalid, "input \"" + input.name + "\" has data in JSON and elsewhere");
  if (!has_data && !elsewhere) missing("data");
  if (!parameters.region.empty()) {
    input.shared = shared.place(parameters.region, parameters.region_offset, parameters.region_size);
    take_raw(input, input.shared->region->bytes().subspan(input.shared->offset, input.shared->size));
  } else if (parameters.binary_size) {
    binary_parts.emplace_back(request.inputs.size() - 1, *parameters.binary_size);
  }
}

static void read_output(JsonCursor& cursor, const SharedMemory& shared, InferRequest& request,
                        std::vector<std::size_t>& undecided) {
  auto& output = request.outputs.emplace_back();
  TensorParameters parameters;
  cursor.members([&](const std::string& name) {
    if (name == "name")
      output.name = cursor.string();
    else if (name == "parameters")
      parameters.read(cursor);
    else
      cursor.skip_value();
  });
  output.classes = parameters.classes;
  if (parameters.binary)
    output.binary = *parameters.binary;
  else
    undecided.push_back(request.outputs.size() - 1);
  if (!parameters.region.empty())
    output.shared = shared.place(parameters.region, parameters.region_offset, parameters.region_size);
}

void read_infer(std::string_view text, std::string_view binary, const SharedMemory& shared, InferRequest& request) {
  JsonCursor cursor(text, "request body");
  std::vector<std::pair<std::size_t, std::size_t>> binary_parts;  // place of the input, bytes
  std::vector<std::size_t> undecided;                             // outputs that follow the request's default
  bool has_inputs = false;
  cursor.members([&](const std::string& name) {
    if (name == "id") {
      request.id = cursor.string();
    } else if (name == "inputs") {
      has_inputs = true;
      cursor.items([&] { read_input(cursor, shared, request, binary_parts); });
    } else if (name == "outputs") {
      cursor.items([&] { read_output(cursor, shared, request, undecided); });
    } else if (name == "parameters") {
      cursor.members([&](const std::string& parameter) {
        if (parameter == "binary_data_output")
          request.binary_outputs = cursor.boolean();
        else if (parameter == "priority")
          request.priority = cursor.unsigned_integer();
        else if (parameter == "timeout")
          request.timeout_us = cursor.unsigned_integer();
        else
          cursor.skip_value();
      });
    } else {
      cursor.skip_value();
    }
  });
  cursor.finish();
  if (!has_inputs) throw Error(Code::invalid, "the request has no inputs");
  for (auto place : undecided) request.outputs[place].binary = request.binary_outputs;
  for (auto& [place, size] : binary_parts) {
    auto& input = request.inputs[place];
    if (size > binary.size())
      throw Error(Code::invalid, "input \"" + input.name + "\": binary_data_size is " + std::to_string(size) +
                                     ", but only " + std::to_string(binary.size()) + " bytes are left in the body");
    take_raw(input, std::as_bytes(std::span(binary.data(), size)));
    binary.remove_prefix(size);
  }
  if (!binary.empty())
    throw Error(Code::invalid, std::to_string(binary.size()) + " bytes of the body belong to no input");
}

void read_raw_infer(std::string_view body, const std::vector<TensorInfo>& inputs, InferRequest& request) {
  if (inputs.size() != 1)
    throw Error(Code::invalid, "a raw request is for models with one input; " + request.model + " has " +
                                   std::to_string(inputs.size()));
  auto& info = inputs.front();
  auto& input = request.inputs.emplace_back();
  input.name = info.name;
  input.type = info.type;
  input.shape = info.shape;
  request.binary_outputs = true;
  if (info.type == DataType::text) {
    input.shape.assign(info.shape.size(), 1);
    input.texts.push_back(body.size() < 4
                              ? std::string(body)
                              : unpack_texts(std::as_bytes(std::span(body.data(), body.size())), 1, info.name).front());
    return;
  }
  if (!input.shape.empty() && input.shape[0] < 0) input.shape[0] = 1;
  std::int64_t known = static_cast<std::int64_t>(size_of(info.type));
  std::int64_t* open = nullptr;
  for (auto& size : input.shape) {
    if (size >= 0) {
      known *= size;
    } else if (open) {
      throw Error(Code::invalid,
                  "a raw request cannot be for " + request.model + ": more than one size of its input is free");
    } else {
      open = &size;
    }
  }
  if (open && known > 0) *open = static_cast<std::int64_t>(body.size()) / known;
  take_raw(input, std::as_bytes(std::span(body.data(), body.size())));
}

}  // namespace gyre
