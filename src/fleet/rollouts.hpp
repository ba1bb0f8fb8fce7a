#pragma once
// Roll-outs as rows, and what moves them on. The state is in the rows alone: a server that was killed goes on where it
// was.
#include <functional>
#include <string>

#include "fleet/devices.hpp"
#include "fleet/rollout.hpp"

namespace gyre {

// What a roll-out is asked for (docs/stations/deploy.md has the JSON).
struct RolloutRequest {
  std::string app;
  std::string image;               // name@sha256:...
  std::vector<std::string> rings;  // in order
  json::object module;             // its entry in the desired twin: image, input, memory_mb, cpus, rules, samples
  Gate gate;
  std::string data;      // tar to validate on; empty: the ring's gate is only that the module runs
  std::string labels;    // digest of a layer of labels
  std::string expected;  // digest of a data validation's report
  std::string model;     // "bottle@3": results are attached to it; may be empty
  double validate_seconds = 300;
  double start_seconds = 300;
  double offline_seconds = 10;
};
RolloutRequest rollout_request_from(const json::value& value);  // Error{invalid}
json::object to_json(const RolloutRequest& request);

class Rollouts {
 public:
  using Online = std::function<bool(const std::string& device)>;
  using Validated =
      std::function<void(const RolloutRequest& request, const std::string& device, const DeviceResult& result)>;
  Rollouts(Workspace& workspace, Devices& devices, Online online)
      : workspace_(workspace), devices_(devices), online_(std::move(online)) {}
  void on_validated(Validated validated) { validated_ = std::move(validated); }

  // The id. The same request again, while it runs or when its result is what the rings run, is the same roll-out.
  std::int64_t start(const RolloutRequest& request, const std::string& who);
  // Goes back to the version before, whether it still runs or is done (the newest of its app only).
  void take_back(std::int64_t id, const std::string& reason, const std::string& who);
  json::object show(std::int64_t id);
  json::array list();

  // Looks at every roll-out that is not at its end; true when something was changed.
  bool advance(std::int64_t now);
  // A "validation" message.
  void take_validation(const std::string& device, const json::value& body);
  // What a device of this ring is to run, as a patch of its desired twin; for a device that was added or moved.
  json::object wanted_for(const Device& device);

 private:
  struct Loaded;
  Loaded load(const Row& row, std::int64_t now);
  bool apply(const Loaded& loaded, const Decision& decision, std::int64_t now);
  void finish(const Loaded& loaded, std::int64_t now);
  void give(const Device& device, const std::string& app, const json::object* module, const std::string& who);
  void begin_going_back(std::int64_t id, const std::string& reason, const std::string& who);
  void set_deployment(std::int64_t id, const RolloutRequest& request);
  bool begin_validation(std::int64_t id, const RolloutRequest& request, const std::string& device);
  void end_validation(std::int64_t id, const std::string& device);

  Workspace& workspace_;
  Devices& devices_;
  Online online_;
  Validated validated_;
};

}  // namespace gyre
