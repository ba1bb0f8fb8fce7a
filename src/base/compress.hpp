#pragma once
// Whole texts through zlib. The same bytes in give the same bytes out (one zlib version).
#include <cstddef>
#include <string>
#include <string_view>

namespace gyre {

std::string deflate_bytes(std::string_view bytes);
// Error{invalid} when it is none, or when it would grow over `limit` bytes.
std::string inflate_bytes(std::string_view bytes, std::size_t limit);

}  // namespace gyre
