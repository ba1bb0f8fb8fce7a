#pragma once
// Text that came from anywhere, as text that JSON and clients take.
#include <string>
#include <string_view>

namespace gyre {

// Bytes that are no UTF-8 become U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace gyre
