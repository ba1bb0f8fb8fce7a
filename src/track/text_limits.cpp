#include "track/text_limits.hpp"

#include <algorithm>

namespace gyre {

static bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string cut_to(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); i++)
    if (starts_character(text[i]) && seen++ == most) return text.substr(0, i);
  return text;
}

}  // namespace gyre
