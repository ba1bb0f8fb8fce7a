#pragma once
// Text that came from anywhere, as text that JSON and clients take.
#include <string>
#include <string_view>

namespace gyre {

bool is_utf8(std::string_view text);
// Bytes that are no UTF-8 become U+FFFD.
std::string valid_utf8(std::string_view text);

// Bytes that are no UTF-8 are taken for Windows-1252, as browsers take what calls itself Latin-1.
std::string utf8_from_windows(std::string_view text);

}  // namespace gyre
