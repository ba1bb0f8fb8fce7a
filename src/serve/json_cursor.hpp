#pragma once
// Reads JSON from left to right without building a tree: numbers go straight into the tensor they belong to.
#include <cstdint>
#include <string>
#include <string_view>

namespace gyre {

class JsonCursor {
 public:
  JsonCursor(std::string_view text, std::string_view where)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), where_(where) {}

  char peek() {  // the next character that is no white space; 0 at the end
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    return at_ < end_ ? *at_ : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) expected(std::string("\"") + wanted + "\"");
  }
  bool take_null();
  bool boolean();
  std::string string();  // escapes decoded
  double number();       // NaN and Infinity too, as Python writes them
  float number32();
  std::int64_t signed_integer();
  std::uint64_t unsigned_integer();
  void skip_value();
  void finish();  // Error unless only white space is left
  std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  JsonCursor at(std::size_t position) const;  // the same text from there
  [[noreturn]] void expected(std::string_view what) const;

  // Calls `member(name)` for each member of an object; it must read the value.
  template <class Member>
  void members(const Member& member) {
    expect('{');
    if (take('}')) return;
    do {
      std::string name = string();
      expect(':');
      member(name);
    } while (take(','));
    expect('}');
  }
  template <class Item>
  void items(const Item& item) {
    expect('[');
    if (take(']')) return;
    do item();
    while (take(','));
    expect(']');
  }

 private:
  bool take_word(std::string_view word);
  bool special_number(double& value);
  template <class T>
  T floating();
  template <class T>
  T integer(std::string_view what);
  const char* begin_;
  const char* at_;
  const char* end_;
  std::string_view where_;
};

}  // namespace gyre
