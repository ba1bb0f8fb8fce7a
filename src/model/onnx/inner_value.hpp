#pragma once
// A value inside of a model's graph made one of its outputs: for those who judge what a model sees, not what it says.
#include <string>
#include <string_view>

namespace gyre {

// `value`: f32 [rows, any].
std::string with_inner_value(std::string_view model, const std::string& value);

}  // namespace gyre
