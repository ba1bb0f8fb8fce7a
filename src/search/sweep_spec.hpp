#pragma once
// What a sweep is asked to do (docs/tune.md), read from JSON or YAML and checked against the step's declaration.
#include "flow/pipeline.hpp"
#include "search/space.hpp"
#include "search/stopping.hpp"

namespace gyre {

struct SweepSpec {
  std::string name;
  Node node;  // step, fixed options, inputs
  Space space;
  std::string metric;
  bool minimise = false;
  std::string sampler = "bayesian";
  std::uint64_t seed = 1;
  StoppingPolicy stopping;
  std::size_t max_trials = 20;
  std::size_t concurrent = 0;  // 0: as many as cores
  double timeout = 0;          // seconds; 0: none
  double trial_timeout = 0;

  static SweepSpec from_json(const json::value& value);
  Pipeline pipeline_of(const json::object& options, int threads) const;  // one trial
};

inline constexpr std::string_view trial_node = "trial";

}  // namespace gyre
