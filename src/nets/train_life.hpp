#pragma once
// Trains a net that tells remaining life from a window of series. No libtorch in here: `gyre` reads the declaration
// too.
#include "base/step.hpp"

namespace gyre {

struct TrainLife {
  double hold = 0.25;
  int steps = 128;
  int stride = 40;
  double most = 300;
  double check = 0.15;
  int epochs = 30;
  int batch = 64;
  double rate = 0.004;
  int patience = 8;
  std::int64_t seed = 1;
};
inline constexpr int train_life_version = 1;

void train_life(const TrainLife& options, StepContext& context);

}  // namespace gyre
