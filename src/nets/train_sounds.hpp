#pragma once
// Trains a classifier of sounds and writes it as one ONNX file. No libtorch in here: `gyre` reads the declaration too.
#include "base/step.hpp"

namespace gyre {

struct TrainSounds {
  double hold = 0.2;    // kept back: no training sees it
  double check = 0.15;  // of the training side: decides when to stop
  int epochs = 30;
  int batch = 32;
  double rate = 0.005;
  int sample_rate = 16000;
  double seconds = 1;
  int patience = 12;
  std::int64_t seed = 1;
};
inline constexpr int train_sounds_version = 1;

void train_sounds(const TrainSounds& options, StepContext& context);

}  // namespace gyre
