#pragma once
// What Gyre runs itself because it is quicker, with ONNX Runtime's answers bit for bit: TreeEnsembleRegressor
// (forest.hpp), and what stands in front of nets that take pictures: Cast and Transpose, Mul and Add, each pair in one
// go. A model is rewritten when it is loaded to run; its file stays as it is.
#include <optional>
#include <string>
#include <string_view>

#include "model/forest.hpp"

namespace gyre {

inline constexpr const char* own_domain = "gyre";
inline constexpr const char* forest_operator = "Forest";
inline constexpr const char* planes_operator = "Planes";  // u8 [n, height, width, 3] to f32 [n, 3, height, width]
inline constexpr const char* scale_operator = "Scale";    // of f32 [n, 3, height, width]: x * by + plus of its colour

// The model with Gyre's operators in the place of others; nothing when it has none of those.
std::optional<std::string> with_own_operators(std::string_view model);

}  // namespace gyre
