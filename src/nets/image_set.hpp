#pragma once
// Pictures of a data set in memory, in the size that a net takes.
#include "data/dataset.hpp"
#include "nets/torch.hpp"

namespace gyre {

struct PictureSize {
  int width = 0, height = 0;
};
// What the net takes: the pictures' own size when all are alike and small, else a square of 224.
PictureSize fitting_size(const Dataset& dataset);

// u8 [samples, 3, height, width]. A damaged picture is an Error that names it.
torch::Tensor load_pictures(const Dataset& dataset, PictureSize size);
torch::Tensor load_classes(const Dataset& dataset);  // i64 [samples]

// As the graph in the ONNX file resizes: linear between the nearest pixels. u8 -> f32 [1, 3, height, width]
torch::Tensor resized(const torch::Tensor& rows, PictureSize size);  // from u8 [h, w, 3]

}  // namespace gyre
