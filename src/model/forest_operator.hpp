#pragma once
// Forest as an operator of ONNX Runtime. For the sources that make sessions only.
#include "model/runtime.hpp"

namespace gyre {

void add_own_operators(Ort::SessionOptions& options);

}  // namespace gyre
