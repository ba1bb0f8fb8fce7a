#include "base/utf8.hpp"

namespace gyre {

// Of the character that begins here, as Unicode's table 3-7 allows them; 0: none does.
static std::size_t length_of_character(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0), low = 0x80, high = 0xbf;
  if (first < 0x80) return 1;
  std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                       : first >= 0xe0 && first <= 0xef ? 3
                       : first >= 0xf0 && first <= 0xf4 ? 4
                                                        : 0;
  if (length == 0 || text.size() < length) return 0;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; i++)
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  return length;
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = length_of_character(text);
    valid += length ? text.substr(0, length) : "\xef\xbf\xbd";
    text.remove_prefix(length ? length : 1);
  }
  return valid;
}

}  // namespace gyre
