#pragma once
// Trains a classifier of pictures and writes it as one ONNX file. No libtorch in here: `gyre` reads the declaration
// too.
#include "base/step.hpp"

namespace gyre {

struct TrainImages {
  double hold = 0.2;    // kept back: no training sees it
  double check = 0.15;  // of the training side: decides when to stop
  int epochs = 0;       // 0: by the number of samples
  int batch = 32;
  double rate = 0;  // 0: by the kind of training
  int size = 0;     // 0: by the pictures
  std::string augment = "usual";
  std::string flip = "auto";
  int patience = 12;
  std::int64_t seed = 1;
};
inline constexpr int train_images_version = 2;

void train_images(const TrainImages& options, StepContext& context);

}  // namespace gyre
