#pragma once
// Puts Gyre's own operators (own_operators.hpp) in the place of others. Whether there were any to replace.
#include "model/onnx/proto.hpp"

namespace gyre {

bool rewrite_forests(onnx::GraphProto& graph);
bool rewrite_pictures(onnx::GraphProto& graph);

}  // namespace gyre
