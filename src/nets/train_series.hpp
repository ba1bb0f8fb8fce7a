#pragma once
// Trains a net that finds anomalies in series with many channels. No libtorch in here: `gyre` reads the declaration
// too.
#include "base/step.hpp"

namespace gyre {

struct TrainSeries {
  int steps = 64;
  int stride = 8;
  double check = 0.25;
  double usual = 0.995;
  double margin = 2;
  int epochs = 40;
  int batch = 128;
  double rate = 0.003;
  int patience = 10;
  std::int64_t seed = 1;
};
inline constexpr int train_series_version = 2;

void train_series(const TrainSeries& options, StepContext& context);

}  // namespace gyre
