#pragma once
// A YAML document as a JSON value. What is wrong with it is an Error{invalid} that names `where` and the line.
#include "base/json.hpp"

namespace gyre {

json::value yaml_value(std::string_view yaml, std::string_view where);

}  // namespace gyre
