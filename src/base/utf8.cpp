#include "base/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace gyre {

namespace {

// Of the character that begins here, as Unicode's table 3-7 allows them; 0: none does.
std::size_t length_of_character(std::string_view text) {
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

// Windows-1252 where it differs from Latin-1: 0x80 to 0x9f; what it leaves open stays as it is.
constexpr char16_t windows[] = {0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
                                0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
                                0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};

std::string character_of_windows(unsigned char byte) {
  char16_t code = byte >= 0x80 && byte <= 0x9f ? windows[byte - 0x80] : byte;
  auto tail = [](int bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
  if (code < 0x800) return {static_cast<char>(0xc0 | code >> 6), tail(code)};
  return {static_cast<char>(0xe0 | code >> 12), tail(code >> 6), tail(code)};
}

template <typename Instead>
std::string mended(std::string_view text, Instead instead) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = length_of_character(text);
    if (length)
      valid += text.substr(0, length);
    else
      valid += instead(static_cast<unsigned char>(text[0]));
    text.remove_prefix(length ? length : 1);
  }
  return valid;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::uint64_t eight;
    if (text.size() >= sizeof eight) {  // most text is ASCII
      std::memcpy(&eight, text.data(), sizeof eight);
      if (!(eight & 0x8080808080808080)) {
        text.remove_prefix(sizeof eight);
        continue;
      }
    }
    std::size_t length = length_of_character(text);
    if (!length) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  return mended(text, [](unsigned char) { return "\xef\xbf\xbd"; });
}

std::string utf8_from_windows(std::string_view text) { return mended(text, character_of_windows); }

}  // namespace gyre
