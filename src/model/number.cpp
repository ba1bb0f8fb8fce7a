#include "model/number.hpp"

#include <charconv>
#include <cstdlib>
#include <string>

namespace gyre {

std::optional<double> number_from(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc()) return number;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  return std::strtod(std::string(text).c_str(), nullptr);  // which says on what side it is out of range
}

}  // namespace gyre
