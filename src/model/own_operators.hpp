#pragma once
// Operators of ONNX that Gyre runs itself because it is quicker: TreeEnsembleRegressor (forest.hpp). A model is
// rewritten when it is loaded to run; its file stays as it is.
#include <optional>
#include <string>
#include <string_view>

#include "model/forest.hpp"

namespace gyre {

inline constexpr const char* own_domain = "gyre";
inline constexpr const char* forest_operator = "Forest";

// The model with Gyre's operators in the place of others; nothing when it has none of those.
std::optional<std::string> with_own_operators(std::string_view model);

}  // namespace gyre
