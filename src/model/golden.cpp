#include <cstring>

#include "base/compress.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "model/signature.hpp"

namespace gyre {

// Little-endian: "GYG1", then counted lists: goldens { inputs { tensor }, outputs { tensor } },
// tensor { u8 type, u8 rank, i64 sizes, bytes; a text tensor: u32 length and bytes of each }.
static constexpr std::string_view magic = "GYG1";
static constexpr std::size_t size_limit = 256u << 20;

namespace {

class Writer {
 public:
  template <class T>
  void put(T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(const Tensor& tensor) {
    put(static_cast<std::uint8_t>(tensor.type));
    put(static_cast<std::uint8_t>(tensor.shape.size()));
    for (auto size : tensor.shape) put(size);
    out.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    for (auto& text : tensor.texts) {
      put(static_cast<std::uint32_t>(text.size()));
      out += text;
    }
  }
  void put(const std::vector<Tensor>& tensors) {
    put(static_cast<std::uint32_t>(tensors.size()));
    for (auto& tensor : tensors) put(tensor);
  }
  std::string out{magic};
};

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw Error(Code::invalid, "golden answers are cut off");
    auto piece = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return piece;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  Tensor tensor() {
    Tensor tensor;
    auto type = number<std::uint8_t>();
    if (type > static_cast<std::uint8_t>(DataType::bf16))
      throw Error(Code::invalid, "golden answers have an unknown type");
    tensor.type = static_cast<DataType>(type);
    tensor.shape.resize(number<std::uint8_t>());
    for (auto& size : tensor.shape) size = number<std::int64_t>();
    // No element takes less than a byte: a shape that claims more than there is cannot make us reserve it.
    auto count = static_cast<std::size_t>(tensor.count());
    if (count > rest_.size()) throw Error(Code::invalid, "golden answers are cut off");
    if (tensor.type == DataType::text) {
      for (std::size_t i = 0; i < count; i++) tensor.texts.emplace_back(take(number<std::uint32_t>()));
    } else {
      auto bytes = take(count * size_of(tensor.type));
      tensor.bytes.resize(bytes.size());
      if (!bytes.empty()) std::memcpy(tensor.bytes.data(), bytes.data(), bytes.size());
    }
    return tensor;
  }
  std::vector<Tensor> tensors() {
    std::vector<Tensor> list;
    for (auto left = number<std::uint32_t>(); left > 0; left--) list.push_back(tensor());
    return list;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::string pack_golden(const std::vector<Golden>& golden) {
  Writer writer;
  writer.put(static_cast<std::uint32_t>(golden.size()));
  for (auto& one : golden) {
    writer.put(one.inputs);
    writer.put(one.outputs);
  }
  return base64(deflate_bytes(writer.out));
}

std::vector<Golden> unpack_golden(std::string_view text) {
  std::string bytes = inflate_bytes(from_base64(text), size_limit);
  Reader reader(bytes);
  if (reader.take(magic.size()) != magic) throw Error(Code::invalid, "golden answers are of another format");
  std::vector<Golden> golden;
  for (auto left = reader.number<std::uint32_t>(); left > 0; left--) {
    auto inputs = reader.tensors();
    golden.push_back({std::move(inputs), reader.tensors()});
  }
  if (!reader.done()) throw Error(Code::invalid, "golden answers have bytes after their end");
  return golden;
}

}  // namespace gyre
