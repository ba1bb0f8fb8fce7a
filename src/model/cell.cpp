#include "model/cell.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "model/missing.hpp"

namespace gyre {

static Error refused(std::string_view cell, std::string_view column, const char* why) {
  return {Code::invalid,
          "column \"" + std::string(column) + "\": \"" + std::string(cell.substr(0, 80)) + "\" is " + why};
}

template <class T>
static void append(std::vector<std::byte>& bytes, T value) {
  auto* raw = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof value);
}

// Too large or too small for the type as it is written.
template <class T>
static T out_of_range(std::string_view cell, std::string_view column) {
  long double value = 0;
  if (std::from_chars(cell.data(), cell.data() + cell.size(), value).ec != std::errc())
    throw refused(cell, column, "no number");
  if (std::abs(value) > std::numeric_limits<T>::max()) return std::numeric_limits<T>::quiet_NaN();
  return static_cast<T>(value);
}

template <class T>
static void append_number(std::string_view cell, std::string_view column, std::vector<std::byte>& bytes) {
  constexpr bool real = std::is_floating_point_v<T>;
  while (cell.starts_with(' ')) cell.remove_prefix(1);
  while (cell.ends_with(' ')) cell.remove_suffix(1);
  T value{};
  if constexpr (real)
    if (means_missing(cell)) return append(bytes, std::numeric_limits<T>::quiet_NaN());
  if (cell.size() > 1 && cell[0] == '+') cell.remove_prefix(1);
  auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  std::string_view rest(end, static_cast<std::size_t>(cell.data() + cell.size() - end));
  if (!real && rest.starts_with('.') && rest.find_first_not_of('0', 1) == std::string_view::npos)
    rest = {};  // "3.0": programs that know no whole numbers write them so
  bool right = error == std::errc() || (real && error == std::errc::result_out_of_range);
  if (!rest.empty() || !right) throw refused(cell, column, real ? "no number" : "no number without a fraction");
  if constexpr (real)
    if (error != std::errc()) value = out_of_range<T>(cell, column);
  append(bytes, value);
}

void append_number(DataType type, double value, std::vector<std::byte>& bytes) {
  if (type == DataType::f64) return append(bytes, value);
  bool beyond = std::isfinite(value) && std::abs(value) > std::numeric_limits<float>::max();
  append(bytes, beyond ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value));
}

void append_cell(DataType type, std::string_view cell, std::string_view column, std::vector<std::byte>& bytes,
                 std::vector<std::string>& texts) {
  switch (type) {
    case DataType::f32:
      return append_number<float>(cell, column, bytes);
    case DataType::f64:
      return append_number<double>(cell, column, bytes);
    case DataType::i64:
      return append_number<std::int64_t>(cell, column, bytes);
    case DataType::i32:
      return append_number<std::int32_t>(cell, column, bytes);
    case DataType::boolean: {
      bool yes = cell == "true" || cell == "1";
      if (!yes && cell != "false" && cell != "0") throw refused(cell, column, "not true or false");
      return append(bytes, static_cast<std::uint8_t>(yes));
    }
    case DataType::text:
      texts.emplace_back(cell);
      return;
    default:
      throw Error(Code::unsupported, "a table's cells cannot be " + std::string(name_of(type)));
  }
}

}  // namespace gyre
