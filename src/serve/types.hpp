#pragma once
// Element types as the Open Inference Protocol names them.
#include <optional>
#include <string_view>

#include "model/tensor.hpp"

namespace gyre {

std::string_view protocol_name(DataType type);                 // "FP32", "BYTES"
std::optional<DataType> protocol_type(std::string_view name);  // nothing for an unknown name
std::string_view config_name(DataType type);                   // "TYPE_FP32", "TYPE_STRING"

}  // namespace gyre
