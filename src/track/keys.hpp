#pragma once
#include <string>
#include <string_view>

namespace gyre {

// Limits that clients know: keys and names of at most 250 characters, no characters that mean something in paths.
void check_key(std::string_view what, const std::string& key);

}  // namespace gyre
