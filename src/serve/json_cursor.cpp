#include "serve/json_cursor.hpp"

#include <charconv>
#include <limits>

#include "base/error.hpp"

namespace gyre {

static constexpr int deepest_value = 64;

void JsonCursor::expected(std::string_view what) const {
  std::string seen =
      at_ < end_ ? "\"" + std::string(at_, static_cast<std::size_t>(std::min<std::ptrdiff_t>(end_ - at_, 12))) + "\""
                 : "its end";
  throw Error(Code::invalid, std::string(where_) + ": at byte " + std::to_string(position()) + ": expected " +
                                 std::string(what) + ", found " + seen);
}

bool JsonCursor::take_word(std::string_view word) {
  peek();
  if (left() < word.size() || std::string_view(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

bool JsonCursor::take_null() { return take_word("null"); }

bool JsonCursor::boolean() {
  if (take_word("true")) return true;
  if (take_word("false")) return false;
  expected("true or false");
}

static void append_utf8(std::string& text, std::uint32_t code) {
  auto byte = [&](std::uint32_t bits) { text += static_cast<char>(bits); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

static std::uint32_t four_digits(std::string_view text, bool& right) {
  std::uint32_t code = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
  right = right && text.size() == 4 && error == std::errc() && end == text.data() + 4;
  return code;
}

std::string JsonCursor::string() {
  if (peek() != '"') expected("a string");
  ++at_;
  std::string text;
  while (true) {
    const char* plain = at_;
    while (at_ < end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) ++at_;
    text.append(plain, at_);
    if (at_ == end_ || static_cast<unsigned char>(*at_) < 0x20) expected("the end of a string");
    if (*at_++ == '"') return text;
    if (at_ == end_) expected("the rest of an escape");
    static constexpr std::string_view escapes = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    char escape = *at_++;
    if (auto place = escapes.find(escape); place != std::string_view::npos) {
      text += meant[place];
      continue;
    }
    bool right = escape == 'u';
    auto digits = [&] {
      auto some = std::string_view(at_, std::min<std::size_t>(4, left()));
      at_ += some.size();
      return four_digits(some, right);
    };
    std::uint32_t code = digits();
    if (right && code >= 0xD800 && code < 0xDC00) {  // a pair of surrogates is one character
      right = left() >= 6 && at_[0] == '\\' && at_[1] == 'u';
      at_ += right ? 2 : 0;
      std::uint32_t low = right ? digits() : 0;
      right = right && low >= 0xDC00 && low < 0xE000;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      right = false;
    }
    if (!right) expected("an escape that JSON knows");
    append_utf8(text, code);
  }
}

bool JsonCursor::special_number(double& value) {
  bool negative = peek() == '-' && at_ + 1 < end_ && at_[1] == 'I';
  if (negative) ++at_;
  if (take_word("Infinity")) {
    value = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return true;
  }
  value = std::numeric_limits<double>::quiet_NaN();
  return !negative && take_word("NaN");
}

// Most numbers are short: their digits as a whole number and the power of ten are both exact, and so is what dividing
// them rounds to. False for all others; nothing is taken then.
template <class T>
static bool short_decimal(const char*& at, const char* end, T& value) {
  static constexpr T powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};
  constexpr std::uint64_t exact = std::uint64_t{1} << std::numeric_limits<T>::digits;
  const char* next = at;
  bool negative = next < end && *next == '-';
  if (negative) ++next;
  std::uint64_t digits = 0;
  std::size_t fraction = 0;
  const char* first = next;
  auto is_digit = [&] { return next < end && *next >= '0' && *next <= '9'; };
  for (; is_digit() && digits < exact; ++next) digits = digits * 10 + static_cast<std::uint64_t>(*next - '0');
  if (next == first) return false;
  if (next < end && *next == '.') {
    const char* point = next++;
    for (; is_digit() && digits < exact; ++next) digits = digits * 10 + static_cast<std::uint64_t>(*next - '0');
    fraction = static_cast<std::size_t>(next - point - 1);
    if (fraction == 0) return false;
  }
  if (digits >= exact || fraction >= std::size(powers)) return false;
  if (next == end || is_digit() || *next == '.' || *next == 'e' || *next == 'E') return false;
  T magnitude = static_cast<T>(digits) / powers[fraction];
  value = negative ? -magnitude : magnitude;
  at = next;
  return true;
}

template <class T>
T JsonCursor::floating() {
  char first = peek();
  if (T value = 0; short_decimal(at_, end_, value)) return value;
  if (first == '-' || (first >= '0' && first <= '9')) {
    T value = 0;
    auto [end, error] = std::from_chars(at_, end_, value);
    if (error == std::errc::result_out_of_range) {  // as JSON readers do: too large is infinite, too small is zero
      double wide = 0;
      auto again = std::from_chars(at_, end_, wide);
      if (again.ec == std::errc::result_out_of_range) expected("a number that fits");
      at_ = end;
      return static_cast<T>(wide);
    }
    if (error == std::errc() && end > at_ + (first == '-')) {
      at_ = end;
      return value;
    }
  }
  double special = 0;
  if (special_number(special)) return static_cast<T>(special);
  expected("a number");
}
double JsonCursor::number() { return floating<double>(); }
float JsonCursor::number32() { return floating<float>(); }

template <class T>
T JsonCursor::integer(std::string_view what) {
  peek();
  T value = 0;
  auto [end, error] = std::from_chars(at_, end_, value);
  if (error != std::errc() || (end < end_ && (*end == '.' || *end == 'e' || *end == 'E'))) expected(what);
  at_ = end;
  return value;
}
std::int64_t JsonCursor::signed_integer() { return integer<std::int64_t>("an integer"); }
std::uint64_t JsonCursor::unsigned_integer() { return integer<std::uint64_t>("an integer that is not negative"); }

// Brackets are counted rather than followed: no depth of nesting can exhaust the stack.
void JsonCursor::skip_value() {
  int depth = 0;
  do {
    switch (peek()) {
      case '[':
      case '{':
        if (++depth > deepest_value) expected("less nesting");
        ++at_;
        break;
      case ']':
      case '}':
        if (--depth < 0) expected("a value");
        ++at_;
        break;
      case ',':
      case ':':
        if (depth == 0) expected("a value");
        ++at_;
        break;
      case '"':
        string();
        break;
      case 't':
      case 'f':
        boolean();
        break;
      case 'n':
        if (!take_null()) expected("a value");
        break;
      default:
        number();
    }
  } while (depth > 0);
}

void JsonCursor::finish() {
  if (peek() || at_ < end_) expected("nothing more");
}

JsonCursor JsonCursor::at(std::size_t position) const {
  JsonCursor other = *this;
  other.at_ = begin_ + position;
  return other;
}

}  // namespace gyre
