#include "base/json_text.hpp"

#include <charconv>
#include <cmath>

namespace gyre {

void JsonText::begin_value() {
  if (out_.empty()) return;
  char last = out_.back();
  if (last != '{' && last != '[' && last != ':') out_ += ',';
}

void JsonText::quote(std::string_view text) {
  out_ += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); i++) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out_.append(text, plain, i - plain);
    plain = i + 1;
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += static_cast<char>(c);
    } else {
      static constexpr char digits[] = "0123456789abcdef";
      out_ += "\\u00";
      out_ += digits[c >> 4];
      out_ += digits[c & 15];
    }
  }
  out_.append(text, plain);
  out_ += '"';
}

JsonText& JsonText::open(char bracket) {
  begin_value();
  out_ += bracket;
  return *this;
}

JsonText& JsonText::close(char bracket) {
  out_ += bracket;
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  begin_value();
  quote(name);
  out_ += ':';
  return *this;
}

JsonText& JsonText::text(std::string_view value) {
  begin_value();
  quote(value);
  return *this;
}

JsonText& JsonText::integer(std::int64_t value) {
  begin_value();
  char digits[24];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  return *this;
}

JsonText& JsonText::number(double value) {
  if (std::isnan(value)) return text("NaN");
  if (std::isinf(value)) return text(value < 0 ? "-Infinity" : "Infinity");
  begin_value();
  char digits[40];
  out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  return *this;
}

JsonText& JsonText::value(const json::value& value) {
  begin_value();
  out_ += json::serialize(value);
  return *this;
}

JsonText& JsonText::values(std::string_view written) {
  if (written.empty()) return *this;
  begin_value();
  out_ += written;
  return *this;
}

}  // namespace gyre
