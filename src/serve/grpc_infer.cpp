#include "serve/grpc_infer.hpp"

#include "serve/infer_json.hpp"
#include "serve/proto_wire.hpp"
#include "serve/served_model.hpp"
#include "serve/shared_memory.hpp"
#include "serve/types.hpp"

namespace gyre {

namespace {

// InferParameter: one of several types.
struct Parameter {
  std::string name;
  std::uint64_t number = 0;  // also of a flag
  std::string text;
};

// An entry of map<string, InferParameter>.
Parameter read_parameter(std::string_view entry) {
  Parameter parameter;
  ProtoReader reader(entry);
  while (reader.next()) {
    if (reader.field() == 1) {
      parameter.name = reader.text();
    } else if (reader.field() == 2) {
      ProtoReader value(reader.bytes());
      while (value.next()) {
        if (value.field() == 3)
          parameter.text = value.text();
        else if (value.field() == 4)
          parameter.number = static_cast<std::uint64_t>(value.real());
        else
          parameter.number = value.number();
      }
    } else {
      reader.skip();
    }
  }
  return parameter;
}

struct Region {
  std::string name;
  std::size_t size = 0, offset = 0;
  bool take(const Parameter& parameter) {
    if (parameter.name == "shared_memory_region")
      name = parameter.text;
    else if (parameter.name == "shared_memory_byte_size")
      size = parameter.number;
    else if (parameter.name == "shared_memory_offset")
      offset = parameter.number;
    else
      return false;
    return true;
  }
};

template <class T>
void append(InferInput& input, T value) {
  auto* bytes = reinterpret_cast<const std::byte*>(&value);
  input.owned.insert(input.owned.end(), bytes, bytes + sizeof value);
}

// InferTensorContents: small integers come in wider fields.
void read_contents(std::string_view contents, InferInput& input) {
  auto wrong_field = [&] {
    throw Error(Code::invalid, "input \"" + input.name + "\": its contents are not in the field for " +
                                   std::string(protocol_name(input.type)));
  };
  auto signed_value = [&](std::uint64_t raw) {
    auto value = static_cast<std::int64_t>(raw);
    if (input.type == DataType::i8)
      append(input, static_cast<std::int8_t>(value));
    else if (input.type == DataType::i16)
      append(input, static_cast<std::int16_t>(value));
    else if (input.type == DataType::i32)
      append(input, static_cast<std::int32_t>(value));
    else
      wrong_field();
  };
  auto unsigned_value = [&](std::uint64_t value) {
    if (input.type == DataType::u8)
      append(input, static_cast<std::uint8_t>(value));
    else if (input.type == DataType::u16)
      append(input, static_cast<std::uint16_t>(value));
    else if (input.type == DataType::u32)
      append(input, static_cast<std::uint32_t>(value));
    else
      wrong_field();
  };
  auto only = [&](DataType type) {
    if (input.type != type) wrong_field();
  };
  ProtoReader reader(contents);
  while (reader.next()) switch (reader.field()) {
      case 1:
        only(DataType::boolean);
        reader.numbers([&](std::uint64_t value) { append(input, static_cast<std::uint8_t>(value != 0)); });
        break;
      case 2:
        reader.numbers(signed_value);
        break;
      case 3:
        only(DataType::i64);
        reader.numbers([&](std::uint64_t value) { append(input, static_cast<std::int64_t>(value)); });
        break;
      case 4:
        reader.numbers(unsigned_value);
        break;
      case 5:
        only(DataType::u64);
        reader.numbers([&](std::uint64_t value) { append(input, value); });
        break;
      case 6:
        only(DataType::f32);
        reader.fixed_numbers<float>([&](float value) { append(input, value); });
        break;
      case 7:
        only(DataType::f64);
        reader.fixed_numbers<double>([&](double value) { append(input, value); });
        break;
      case 8:
        only(DataType::text);
        input.texts.push_back(reader.text());
        break;
      default:
        reader.skip();
    }
  input.bytes = input.owned;
}

// Gives whether the contents came with it.
bool read_input(std::string_view bytes, const SharedMemory& shared, InferInput& input, bool& is_shared) {
  std::optional<std::string_view> contents;
  Region region;
  ProtoReader reader(bytes);
  while (reader.next()) switch (reader.field()) {
      case 1:
        input.name = reader.text();
        break;
      case 2: {
        auto name = reader.bytes();
        auto known = protocol_type(name);
        if (!known)
          throw Error(Code::invalid, "input \"" + input.name + "\": there is no datatype " + std::string(name));
        input.type = *known;
        break;
      }
      case 3:
        reader.numbers([&](std::uint64_t value) { input.shape.push_back(static_cast<std::int64_t>(value)); });
        break;
      case 4:
        region.take(read_parameter(reader.bytes()));
        break;
      case 5:
        contents = reader.bytes();
        break;
      default:
        reader.skip();
    }
  count_of(input.shape);
  if (!region.name.empty()) {
    is_shared = true;
    input.shared = shared.place(region.name, region.offset, region.size);
    take_raw(input, input.shared->region->bytes().subspan(input.shared->offset, input.shared->size));
  }
  if (contents && !contents->empty()) {
    read_contents(*contents, input);
    return true;
  }
  return false;
}

void read_output(std::string_view bytes, const SharedMemory& shared, InferRequest& request) {
  auto& output = request.outputs.emplace_back();
  output.binary = true;
  Region region;
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.field() == 1) {
      output.name = reader.text();
    } else if (reader.field() == 2) {
      auto parameter = read_parameter(reader.bytes());
      if (!region.take(parameter) && parameter.name == "classification") output.classes = parameter.number;
    } else {
      reader.skip();
    }
  }
  if (!region.name.empty()) output.shared = shared.place(region.name, region.offset, region.size);
}

}  // namespace

void read_grpc_infer(std::string_view message, const SharedMemory& shared, InferRequest& request) {
  std::vector<std::string_view> raw;
  std::vector<std::size_t> without;  // inputs whose bytes are raw
  bool any_contents = false;
  request.binary_outputs = true;
  ProtoReader reader(message);
  while (reader.next()) switch (reader.field()) {
      case 1:
        request.model = reader.text();
        break;
      case 2:
        request.version = reader.text();
        break;
      case 3:
        request.id = reader.text();
        break;
      case 4: {
        auto parameter = read_parameter(reader.bytes());
        if (parameter.name == "priority") request.priority = parameter.number;
        if (parameter.name == "timeout") request.timeout_us = parameter.number;
        break;
      }
      case 5: {
        bool is_shared = false;
        if (read_input(reader.bytes(), shared, request.inputs.emplace_back(), is_shared))
          any_contents = true;
        else if (!is_shared)
          without.push_back(request.inputs.size() - 1);
        break;
      }
      case 6:
        read_output(reader.bytes(), shared, request);
        break;
      case 7:
        raw.push_back(reader.bytes());
        break;
      default:
        reader.skip();
    }
  if (!raw.empty() && any_contents)
    throw Error(Code::invalid,
                "the request has raw_input_contents and contents in an input: one of them excludes the other");
  // A tensor without values may leave its contents out.
  if (raw.empty()) return;
  if (raw.size() != without.size())
    throw Error(Code::invalid, "the request has " + std::to_string(raw.size()) + " raw_input_contents for " +
                                   std::to_string(without.size()) + " inputs");
  for (std::size_t i = 0; i < raw.size(); i++)
    take_raw(request.inputs[without[i]], std::as_bytes(std::span(raw[i].data(), raw[i].size())));
}

void write_grpc_infer(const InferTask& task, std::string& to) {
  ProtoWriter writer(to);
  writer.text(1, task.model->name());
  writer.text(2, task.model->version());
  writer.text(3, task.request.id);
  for (std::size_t i = 0; i < task.outputs.size(); i++) {
    auto& wanted = task.request.outputs[i];
    auto& tensor = task.outputs[i];
    writer.message(5, [&](ProtoWriter& output) {
      output.text(1, wanted.name);
      output.text(2, protocol_name(tensor.type));
      output.packed(3, tensor.shape);
      if (!wanted.shared) return;
      std::size_t size = put_shared(tensor, *wanted.shared, wanted.name);
      output.message(4, [&](ProtoWriter& entry) {
        entry.text(1, "shared_memory_byte_size");
        entry.message(2, [&](ProtoWriter& value) { value.always_number(2, size); });
      });
    });
  }
  // One for each output, in their order; empty where the bytes are in shared memory.
  for (std::size_t i = 0; i < task.outputs.size(); i++) {
    bool is_shared = task.request.outputs[i].shared.has_value();
    std::size_t size = is_shared ? 0 : packed_size(task.outputs[i]);
    writer.begin_bytes(6, size);
    if (!is_shared) pack_tensor(task.outputs[i], to);
  }
}

}  // namespace gyre
