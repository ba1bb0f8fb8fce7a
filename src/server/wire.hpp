#pragma once
// The parts of HTTP that are plain functions of texts: targets, ranges, the head of an answer.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/route.hpp"

namespace gyre {

// "%41+b" -> "A+b" (plus_is_space: "A b"). Nothing when an escape is broken or hides a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Fills path and query from a request target ("/a%20b?x=1", also in absolute form). False when it is malformed.
bool set_target(Request& request, std::string_view target);

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};
// What a Range header asks of `size` bytes. Unknown units, several ranges and malformed ones are ignored, as RFC 9110
// allows: `partial` is false and the range is the whole.
struct RangeAnswer {
  bool partial = false;
  bool impossible = false;  // 416
  ByteRange range;
};
RangeAnswer byte_range(std::string_view header, std::uint64_t size);

std::string_view reason_of(int status);
// Status line and headers, with the empty line. `length` is left out for 1xx and 204 and 304.
std::string response_head(const Response& response, std::uint64_t length, bool keep_alive);

}  // namespace gyre
