#pragma once
// A number as tables write it: with blanks around it, with a + before it.
#include <optional>
#include <string_view>

namespace gyre {

// Nothing when the text is no number. What doubles cannot hold is infinite, or 0: "1e999", "-1e999", "1e-999".
std::optional<double> number_from(std::string_view text);

}  // namespace gyre
