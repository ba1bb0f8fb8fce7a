#pragma once
// Triton's config.pbtxt: protocol buffers in text form, as the JSON that config_from() takes.
#include <string_view>

#include "base/json.hpp"

namespace gyre {

// Error{invalid} names `where` and the line.
json::object parse_config_text(std::string_view text, std::string_view where);

}  // namespace gyre
