#pragma once
// With how many instances and threads, and how many rows at a time, a model is run best: measured.
#include <functional>

#include "model/engine.hpp"

namespace gyre {

struct TuneSetting {
  std::size_t instances = 1;
  int threads = 1;
  std::size_t batch = 1;
};
struct TuneRow : TuneSetting {
  double rows_per_second = 0;
  double p50_ms = 0, p99_ms = 0;  // of a run
};

// Runs `engine`, which has the setting's threads, in the setting's instances at a time, each at least `runs` times.
TuneRow measure_setting(const ModelEngine& engine, const TuneSetting& setting, double seconds, std::size_t runs);

// The settings worth trying on so many cores.
std::vector<TuneSetting> settings_to_try(std::size_t cores, bool batches);

// The most rows a second among those whose p99 meets the target, or among all when none does. One that is 5 % slower
// but quicker to answer is better.
const TuneRow& best_row(const std::vector<TuneRow>& rows, double target_ms);

// What a model is run with when nobody said. Measured in half a second at the first load on a machine and kept in
// the user's cache, by the model's digest and the processor. A core each is what is usual: another choice has to be
// clearly better, and nothing is decided while others take more than this share of the cores' time.
TuneSetting measured_choice(const ModelEngine& one_thread, const std::function<ModelEngine(int threads)>& make,
                            const std::string& digest, double most_of_others = 0.1);

}  // namespace gyre
