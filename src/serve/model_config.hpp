#pragma once
// How a model is served: the part of Triton's model configuration that has a meaning here, with its names and
// semantics, and what we choose ourselves where it says nothing.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/session.hpp"

namespace gyre {

struct QueuePolicy {
  bool delay_late = false;  // what waited too long: refused, or served after all others
  std::uint64_t timeout_us = 0;
  bool timeout_override = false;  // a request may shorten it
  std::size_t most = 0;           // waiting requests; 0: no limit
};

// off: one request at a time; automatic: sizes and delay are learned; fixed: as configured.
enum class Batching { off, automatic, fixed };

struct WarmUp {
  std::string name;
  std::size_t batch_size = 1;
  std::size_t count = 1;
  bool random = false;                                      // else zeros
  std::map<std::string, std::vector<std::int64_t>> shapes;  // of inputs whose sizes are free
};

struct VersionPolicy {
  std::size_t latest = 1;  // 0: all
  std::vector<std::int64_t> specific;
  std::map<std::string, std::int64_t> labels;
};

struct ModelConfig {
  bool max_batch_given = false;
  std::size_t max_batch = 0;  // 0: requests are never joined
  Batching batching = Batching::automatic;
  std::vector<std::size_t> preferred;
  std::uint64_t delay_us = 0;
  bool preserve_ordering = false;
  std::uint64_t priority_levels = 0;
  std::uint64_t default_priority = 0;
  QueuePolicy policy;
  std::map<std::uint64_t, QueuePolicy> level_policies;
  std::size_t instances = 0;  // 0: as many as cores
  int threads = 0;            // of one run; 0: one
  double latency_target_ms = 50;
  VersionPolicy versions;
  std::vector<WarmUp> warm_up;
  bool response_cache = false;
  std::map<std::string, std::int64_t> resources;  // that a run needs
  json::object given;                             // as it was given
};

// Error{invalid} names the model and the member.
ModelConfig config_from(const json::value& value, std::string_view model);
// What a client is told: everything filled in.
json::object to_json(const ModelConfig& config, std::string_view model, const std::vector<TensorInfo>& inputs,
                     const std::vector<TensorInfo>& outputs);

}  // namespace gyre
