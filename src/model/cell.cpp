#include "model/cell.hpp"

#include <charconv>
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

template <class T>
static void append_number(std::string_view cell, std::string_view column, std::vector<std::byte>& bytes) {
  constexpr bool real = std::is_floating_point_v<T>;
  T value{};
  if constexpr (real)
    if (means_missing(cell)) return append(bytes, std::numeric_limits<T>::quiet_NaN());
  const char* first = cell.data();
  if (cell.size() > 1 && *first == '+') ++first;
  auto [end, error] = std::from_chars(first, cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size())
    throw refused(cell, column, real ? "no number" : "no number without a fraction");
  append(bytes, value);
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
