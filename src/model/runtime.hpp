#pragma once
// ONNX Runtime's entry, for session.cpp only. The library is opened by the first call.
#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>

#include "model/tensor.hpp"

namespace gyre {

Ort::Env& onnx_runtime();  // Error{unavailable} names where it was looked for
DataType type_from(ONNXTensorElementDataType type, std::string_view name);
ONNXTensorElementDataType type_to(DataType type);

}  // namespace gyre
