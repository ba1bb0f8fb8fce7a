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

// An operator that Kernel runs: made of the node's attributes, it computes one tensor of floats from `inputs` tensors.
template <class Kernel, ONNXTensorElementDataType from, std::size_t inputs>
class OwnOperator : public Ort::CustomOpBase<OwnOperator<Kernel, from, inputs>, Kernel, true> {
 public:
  explicit OwnOperator(const char* name) : name_(name) {}
  OrtStatusPtr CreateKernelV2(const OrtApi&, const OrtKernelInfo* info, void** kernel) const {
    // Ort's KernelDestroy ends it.
    return guarded([&] { *kernel = std::make_unique<Kernel>(Ort::ConstKernelInfo(info)).release(); });
  }
  const char* GetName() const { return name_; }
  std::size_t GetInputTypeCount() const { return inputs; }
  ONNXTensorElementDataType GetInputType(std::size_t) const { return from; }
  std::size_t GetOutputTypeCount() const { return 1; }
  ONNXTensorElementDataType GetOutputType(std::size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }

 private:
  const char* name_;
};

}  // namespace gyre
