#pragma once
// When to run what waits, and how much of it together. Plain functions of numbers, so that each rule can be tested.
#include <cstddef>
#include <vector>

#include "serve/model_config.hpp"

namespace gyre {

// How long a model takes by rows, as seen: a moving mean for each power of two.
class LatencyCurve {
 public:
  void learn(std::size_t rows, double seconds);
  // Between what was seen on a line; beyond it, at the same cost for each row. 0 when nothing was seen.
  double seconds(std::size_t rows) const;
  std::size_t largest_seen() const;

 private:
  std::vector<double> means_;  // by power of two; 0: not seen
};

struct QueueState {
  std::size_t rows = 0;  // that wait and may be joined with the first of them
  double oldest = 0;     // seconds that the first has waited
  double arrivals = 0;   // rows a second
  std::size_t instances = 1;
};

struct BatchChoice {
  std::size_t rows = 0;  // 0: nothing yet
  double wait = 0;       // look again after so many seconds, or when more has come
};

// Triton's rule: the largest preferred size that can be formed, else the most that may be joined; less only when the
// oldest has waited for the delay.
BatchChoice choose_fixed(const ModelConfig& config, const QueueState& queue);

// What waits is run at once, as long as that keeps up with what arrives: batches then form by themselves while all
// instances are busy. Only where running small batches would fall behind, and larger ones are cheaper by the row, does
// the oldest wait for more, never so long that the target is missed.
BatchChoice choose_automatic(const LatencyCurve& curve, const QueueState& queue, std::size_t most, double target);

}  // namespace gyre
