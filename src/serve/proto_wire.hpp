#pragma once
// The wire format of protocol buffers, read where it lies and written once: tensors of megabytes are not copied into
// messages first.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace gyre {

class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes) : bytes_(bytes) {}
  // The next field; false at the end. Then one of the others reads or skips it.
  bool next() {
    if (bytes_.empty()) return false;
    std::uint64_t tag = varint();
    field_ = static_cast<std::uint32_t>(tag >> 3);
    kind_ = static_cast<int>(tag & 7);
    if (field_ == 0) malformed();
    return true;
  }
  std::uint32_t field() const { return field_; }
  bool is_bytes() const { return kind_ == 2; }
  std::uint64_t number() {
    if (kind_ != 0) malformed();
    return varint();
  }
  double real() {
    if (kind_ != 1) malformed();
    return fixed<double>();
  }
  std::string_view bytes() {
    if (kind_ != 2) malformed();
    std::uint64_t size = varint();
    if (size > bytes_.size()) malformed();
    auto part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }
  std::string text() { return std::string(bytes()); }
  void skip() {
    switch (kind_) {
      case 0:
        varint();
        break;
      case 1:
        fixed<std::uint64_t>();
        break;
      case 2:
        bytes();
        break;
      case 5:
        fixed<std::uint32_t>();
        break;
      default:
        malformed();
    }
  }
  // Calls `value(n)` for one or several whole numbers: packed or not.
  template <class Value>
  void numbers(const Value& value) {
    if (kind_ == 0) return value(varint());
    ProtoReader packed(bytes());
    while (!packed.bytes_.empty()) value(packed.varint());
  }
  template <class T, class Value>
  void fixed_numbers(const Value& value) {
    if (kind_ != 2) return value(fixed<T>());
    ProtoReader packed(bytes());
    while (!packed.bytes_.empty()) value(packed.fixed<T>());
  }

 private:
  [[noreturn]] static void malformed() { throw Error(Code::invalid, "the message is no protocol buffer"); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) malformed();
      auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    malformed();
  }
  template <class T>
  T fixed() {
    T value;
    if (bytes_.size() < sizeof value) malformed();
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view bytes_;
  std::uint32_t field_ = 0;
  int kind_ = 0;
};

// Writes fields behind what is in the text already. Zeros and empty texts are left out, as proto3 does.
class ProtoWriter {
 public:
  explicit ProtoWriter(std::string& to) : to_(to) {}
  void number(std::uint32_t field, std::uint64_t value) {
    if (value) always_number(field, value);
  }
  void always_number(std::uint32_t field, std::uint64_t value) {
    tag(field, 0);
    varint(value);
  }
  void text(std::uint32_t field, std::string_view value) {
    if (!value.empty()) bytes(field, value);
  }
  void bytes(std::uint32_t field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    to_.append(value);
  }
  // A header for `size` bytes that the caller appends.
  void begin_bytes(std::uint32_t field, std::size_t size) {
    tag(field, 2);
    varint(size);
  }
  template <class Write>
  void message(std::uint32_t field, const Write& write) {
    std::string inner;
    ProtoWriter writer(inner);
    write(writer);
    bytes(field, inner);
  }
  template <class List>
  void packed(std::uint32_t field, const List& values) {
    if (values.empty()) return;
    std::string inner;
    ProtoWriter writer(inner);
    for (auto value : values) writer.varint(static_cast<std::uint64_t>(value));
    bytes(field, inner);
  }

 private:
  void tag(std::uint32_t field, std::uint32_t kind) { varint(field << 3 | kind); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) to_ += static_cast<char>(value | 0x80);
    to_ += static_cast<char>(value);
  }
  std::string& to_;
};

}  // namespace gyre
