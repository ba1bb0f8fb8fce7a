#pragma once
// How a roll-out goes on, as a pure function of what is known: no clock, no rows, no bus.
//
// A device's way: waiting -> validating -> passed -> starting -> running. A ring moves to `starting` together, when all
// of it passed. A device that is not there becomes `pending`: it is given the image and takes it when it comes back.
// Anything that fails sends the whole roll-out back: restoring -> restored.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace gyre {

enum class Phase { waiting, validating, passed, starting, running, pending, failed, restoring, restored };
std::string_view name_of(Phase phase);
Phase phase_named(std::string_view name);

struct Gate {
  std::optional<double> min_accuracy;  // share of right answers on the device, 0 .. 1
  std::optional<double> max_p99_ms;
  std::optional<double> max_memory_mb;
  bool same_answers = true;  // bit for bit the expected answers, where these are given
};
Gate gate_from(const json::value& value);  // Error{invalid} for an unknown member or a value out of its limits
json::object to_json(const Gate& gate);

// What a device's validation came to.
struct DeviceResult {
  std::int64_t samples = 0;
  std::optional<double> accuracy;
  std::optional<std::int64_t> different;  // answers that are not bit for bit the expected ones
  double p50_ms = 0;
  double p99_ms = 0;
  double pss_mb = 0;
  std::string error;
};
json::object to_json(const DeviceResult& result);
DeviceResult result_from(const json::value& value);
// Empty when the gate holds; else why not, in words.
std::string refusal(const Gate& gate, const DeviceResult& result);

struct RolloutDevice {
  std::string name;
  int ring = 0;
  Phase phase = Phase::waiting;
  std::int64_t since = 0;  // in this phase
  bool given = false;      // its desired twin names the new image
  bool online = false;
  std::optional<DeviceResult> result;
  // From its reported twin:
  std::string image;  // what its module runs
  std::string state;
  std::string refused;  // an image that it went back from
  std::string error;
  std::string former_image;  // what it had before; empty: nothing
};

struct RolloutView {
  std::string image;
  Gate gate;
  bool validates = false;
  int rings = 0;
  int ring = 0;
  std::int64_t ring_since = 0;
  bool going_back = false;
  bool done = false;  // only devices that come back late are still of interest
  std::int64_t validate_ms = 300'000;
  std::int64_t start_ms = 300'000;
  std::int64_t offline_ms = 10'000;  // how long a ring waits for a device that is not there
  std::int64_t now = 0;
  std::vector<RolloutDevice> devices;
};

struct Change {
  std::size_t device = 0;
  Phase phase = Phase::waiting;
  std::string reason{};
  bool give = false;  // the desired twin is to name the new image
};

struct Decision {
  std::vector<Change> changes;
  bool next_ring = false;
  bool go_back = false;  // with `reason`
  bool done = false;     // the last ring is through
  bool gone_back = false;
  std::string reason;
  bool nothing() const { return changes.empty() && !next_ring && !go_back && !done && !gone_back; }
};

Decision decide(const RolloutView& view);

}  // namespace gyre
