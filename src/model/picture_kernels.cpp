#include "base/error.hpp"
#include "base/wide.hpp"
#include "model/own_kernels.hpp"
#include "model/own_operators.hpp"

namespace gyre {

namespace {

constexpr std::int64_t colours = 3;

// Each colour of one picture to a plane of its own.
GYRE_WIDE void to_planes(const std::uint8_t* __restrict pixels, std::size_t count, float* __restrict planes) {
  float* __restrict red = planes, * __restrict green = planes + count, * __restrict blue = planes + 2 * count;
  for (std::size_t i = 0; i < count; i++) {
    red[i] = pixels[3 * i];
    green[i] = pixels[3 * i + 1];
    blue[i] = pixels[3 * i + 2];
  }
}

GYRE_WIDE void scale(const float* __restrict from, std::size_t count, float by, float plus, float* __restrict to) {
  for (std::size_t i = 0; i < count; i++) to[i] = from[i] * by + plus;
}

using Shape = std::vector<std::int64_t>;

Shape shape_of(const Ort::ConstValue& value) { return value.GetTensorTypeAndShapeInfo().GetShape(); }

struct Planes {
  explicit Planes(const Ort::ConstKernelInfo&) {}
  OrtStatusPtr ComputeV2(OrtKernelContext* raw) {
    return guarded([&] {
      Ort::KernelContext context(raw);
      auto pictures = context.GetInput(0);
      auto shape = shape_of(pictures);
      if (shape.size() != 4 || shape[3] != colours) throw Error(Code::invalid, "pictures are [n, height, width, 3]");
      auto planes = context.GetOutput(0, Shape{shape[0], colours, shape[1], shape[2]});
      auto pixels = static_cast<std::size_t>(shape[1] * shape[2]);
      auto* from = pictures.GetTensorData<std::uint8_t>();
      auto* to = planes.GetTensorMutableData<float>();
      for (std::int64_t i = 0; i < shape[0]; i++, from += 3 * pixels, to += 3 * pixels) to_planes(from, pixels, to);
    });
  }
};

struct Scale {
  explicit Scale(const Ort::ConstKernelInfo&) {}
  OrtStatusPtr ComputeV2(OrtKernelContext* raw) {
    return guarded([&] {
      Ort::KernelContext context(raw);
      auto planes = context.GetInput(0);
      auto shape = shape_of(planes);
      if (shape.size() != 4 || shape[1] != colours) throw Error(Code::invalid, "planes are [n, 3, height, width]");
      auto by = context.GetInput(1).GetTensorData<float>(), plus = context.GetInput(2).GetTensorData<float>();
      auto scaled = context.GetOutput(0, shape);
      auto pixels = static_cast<std::size_t>(shape[2] * shape[3]);
      auto* from = planes.GetTensorData<float>();
      auto* to = scaled.GetTensorMutableData<float>();
      for (std::int64_t i = 0; i < shape[0] * colours; i++, from += pixels, to += pixels)
        scale(from, pixels, by[i % colours], plus[i % colours], to);
    });
  }
};

}  // namespace

const OrtCustomOp* planes_kernel() {
  static const OwnOperator<Planes, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, 1> planes(planes_operator);
  return &planes;
}

const OrtCustomOp* scale_kernel() {
  static const OwnOperator<Scale, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, 3> scale(scale_operator);
  return &scale;
}

}  // namespace gyre
