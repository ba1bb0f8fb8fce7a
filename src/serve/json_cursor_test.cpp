#include "serve/json_cursor.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <random>

namespace gyre::testing {

// std::from_chars is the oracle: bit for bit, where both read a number.
template <class T, class Bits>
static void compare(const std::string& text, T read) {
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  REQUIRE(error == std::errc());
  if (std::bit_cast<Bits>(value) != std::bit_cast<Bits>(read)) FAIL_CHECK(text);
}

TEST_CASE("json: numbers are read as the standard library reads them, bit for bit") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; i++) {
    std::string text = random() % 2 ? "-" : "";
    text += std::to_string(random() % (std::uint64_t{1} << (random() % 60)));
    std::size_t fraction = random() % 14;
    if (fraction) text += '.';
    for (std::size_t k = 0; k < fraction; k++) text += static_cast<char>('0' + random() % 10);
    if (random() % 8 == 0) text += "e-" + std::to_string(random() % 12);
    std::string list = text + ",";
    compare<float, std::uint32_t>(text, JsonCursor(list, "list").number32());
    compare<double, std::uint64_t>(text, JsonCursor(list, "list").number());
    compare<double, std::uint64_t>(text, JsonCursor(text, "all").number());
  }
  for (const char* text :
       {"0", "-0", "-0.0", "16777216", "16777217", "9007199254740993", "0.1", "1e5", "0.00000000001"}) {
    std::string list = std::string(text) + "]";
    compare<float, std::uint32_t>(text, JsonCursor(list, "list").number32());
    compare<double, std::uint64_t>(text, JsonCursor(list, "list").number());
  }
}

}  // namespace gyre::testing
