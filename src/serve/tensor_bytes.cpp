// Tensors in the protocol's raw form.
#include <cstring>

#include "serve/infer_json.hpp"
#include "serve/shared_memory.hpp"

namespace gyre {

std::vector<std::string> unpack_texts(std::span<const std::byte> bytes, std::size_t count, std::string_view where) {
  auto wrong = [&](const std::string& what) {
    throw Error(Code::invalid, "input \"" + std::string(where) + "\": " + what);
  };
  if (count > bytes.size() / 4)
    wrong(std::to_string(count) + " texts cannot be in " + std::to_string(bytes.size()) + " bytes");
  std::vector<std::string> texts;
  texts.reserve(count);
  for (std::size_t i = 0; i < count; i++) {
    std::uint32_t size = 0;
    if (bytes.size() < sizeof size) wrong("text " + std::to_string(i) + " has no length");
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes = bytes.subspan(sizeof size);
    if (size > bytes.size())
      wrong("text " + std::to_string(i) + " is said to have " + std::to_string(size) + " bytes, " +
            std::to_string(bytes.size()) + " are left");
    texts.emplace_back(reinterpret_cast<const char*>(bytes.data()), size);
    bytes = bytes.subspan(size);
  }
  if (!bytes.empty()) wrong(std::to_string(bytes.size()) + " bytes are left after the last text");
  return texts;
}

std::size_t packed_size(const TensorView& tensor) {
  if (tensor.type != DataType::text) return tensor.bytes.size();
  std::size_t size = 0;
  for (auto text : tensor.texts) size += 4 + text.size();
  return size;
}

void pack_tensor(const TensorView& tensor, std::string& to) {
  if (tensor.type != DataType::text) {
    to.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    return;
  }
  for (auto text : tensor.texts) {
    auto size = static_cast<std::uint32_t>(text.size());
    to.append(reinterpret_cast<const char*>(&size), sizeof size);
    to.append(text);
  }
}

void take_raw(InferInput& input, std::span<const std::byte> bytes) {
  auto count = static_cast<std::size_t>(count_of(input.shape));
  if (input.type == DataType::text) {
    input.texts = unpack_texts(bytes, count, input.name);
    return;
  }
  std::size_t each = size_of(input.type), wanted = 0;
  if (__builtin_mul_overflow(count, each, &wanted) || bytes.size() != wanted)
    throw Error(Code::invalid, "input \"" + input.name + "\": " + std::to_string(bytes.size()) +
                                   " bytes are not the shape " + shape_text(input.shape));
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % each) {
    input.owned.assign(bytes.begin(), bytes.end());
    bytes = input.owned;
  }
  input.bytes = bytes;
}

std::size_t put_shared(const TensorView& tensor, const SharedPlace& place, std::string_view name) {
  std::size_t size = packed_size(tensor);
  if (size > place.size)
    throw Error(Code::invalid, "output \"" + std::string(name) + "\" has " + std::to_string(size) +
                                   " bytes, its shared memory only " + std::to_string(place.size));
  auto* to = place.region->bytes().data() + place.offset;
  if (tensor.type != DataType::text) {
    if (size) std::memcpy(to, tensor.bytes.data(), size);
    return size;
  }
  std::string packed;
  pack_tensor(tensor, packed);
  if (size) std::memcpy(to, packed.data(), size);
  return size;
}

}  // namespace gyre
