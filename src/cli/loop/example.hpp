#pragma once
#include <string_view>

#include "base/error.hpp"

namespace gyre {

// The text of a file of examples/, carried in the program.
std::string_view example(std::string_view name);

}  // namespace gyre
