#pragma once
// What runs Gyre's own operators (own_operators.hpp) inside ONNX Runtime. For the sources that make sessions only.
#include "model/runtime.hpp"

namespace gyre {

void add_own_operators(Ort::SessionOptions& options);

// They live as long as the program: sessions point to them.
const OrtCustomOp* forest_kernel();
const OrtCustomOp* planes_kernel();
const OrtCustomOp* scale_kernel();

// What is thrown must not go through ONNX Runtime: it becomes a status.
template <class Call>
OrtStatusPtr guarded(const Call& call) {
  try {
    call();
    return nullptr;
  } catch (const Ort::Exception& error) {
    return Ort::Status(error.what(), error.GetOrtErrorCode()).release();
  } catch (const std::exception& error) {
    return Ort::Status(error.what(), ORT_INVALID_ARGUMENT).release();
  }
}

}  // namespace gyre
