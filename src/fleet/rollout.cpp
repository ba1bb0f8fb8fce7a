#include "fleet/rollout.hpp"

#include <array>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gyre {

constexpr std::array<std::string_view, 9> phase_names{"waiting", "validating", "passed",    "starting", "running",
                                                      "pending", "failed",     "restoring", "restored"};

std::string_view name_of(Phase phase) { return phase_names[static_cast<std::size_t>(phase)]; }

Phase phase_named(std::string_view name) {
  for (std::size_t i = 0; i < phase_names.size(); i++)
    if (phase_names[i] == name) return static_cast<Phase>(i);
  throw Error(Code::internal, "no phase is called \"" + std::string(name) + "\"");
}

static std::optional<Change> refused_by_device(const RolloutView& view, std::size_t i) {
  auto& device = view.devices[i];
  if (device.state == "rolled_back" && device.refused == view.image)
    return Change{i, Phase::failed, "the module did not come up: " + device.error};
  if (device.state == "failed" && (device.image == view.image || device.refused == view.image))
    return Change{i, Phase::failed, "the module failed: " + device.error};
  return {};
}

static bool runs(const RolloutView& view, const RolloutDevice& device) {
  return device.image == view.image && device.state == "running";
}

// What is new about one device of the current ring, before it is given the image.
static std::optional<Change> before_given(const RolloutView& view, std::size_t i) {
  auto& device = view.devices[i];
  auto in_phase = view.now - device.since;
  switch (device.phase) {
    case Phase::waiting:
      if (device.online) return Change{i, view.validates ? Phase::validating : Phase::passed};
      // The first ring is the proof: it is waited for as long as a validation may take.
      if (in_phase >= (view.ring == 0 ? view.validate_ms : view.offline_ms))
        return Change{i, Phase::pending, "not there"};
      return {};
    case Phase::validating:
      if (device.result) {
        std::string why = refusal(view.gate, *device.result);
        return Change{i, why.empty() ? Phase::passed : Phase::failed, why};
      }
      if (in_phase < view.validate_ms) return {};
      if (!device.online && view.ring > 0) return Change{i, Phase::pending, "went away while it validated"};
      return Change{i, Phase::failed,
                    "no validation result within " + short_duration(static_cast<double>(view.validate_ms) / 1000)};
    case Phase::pending:
      if (device.online) return Change{i, Phase::waiting, "came back"};
      return {};
    default:
      return {};
  }
}

static std::optional<Change> after_given(const RolloutView& view, std::size_t i) {
  auto& device = view.devices[i];
  if (device.phase != Phase::starting && device.phase != Phase::pending) return {};
  if (runs(view, device)) return Change{i, Phase::running};
  if (auto failed = refused_by_device(view, i)) return failed;
  if (device.phase == Phase::pending || view.now - device.since < view.start_ms) return {};
  if (!device.online) return Change{i, Phase::pending, "went away while its module started"};
  return Change{i, Phase::failed,
                "the module did not run within " + short_duration(static_cast<double>(view.start_ms) / 1000)};
}

static void take_back(const RolloutView& view, Decision& decision) {
  bool all = true;
  for (std::size_t i = 0; i < view.devices.size(); i++) {
    auto& device = view.devices[i];
    if (device.phase == Phase::restored || (!device.given && device.phase != Phase::restoring)) continue;
    if (device.phase != Phase::restoring) {
      decision.changes.push_back({i, Phase::restoring, {}});
      all = false;
      continue;
    }
    bool back = device.former_image.empty() ? device.image.empty() : device.image == device.former_image;
    if (back)
      decision.changes.push_back({i, Phase::restored, {}});
    else if (!device.online || view.now - device.since >= view.start_ms)
      decision.changes.push_back({i, Phase::restored, "takes the former image when it comes back"});
    else
      all = false;
  }
  decision.gone_back = all;
}

// Devices that come back after the end: what became of them is noted, the roll-out stays done.
static void note_late(const RolloutView& view, Decision& decision) {
  for (std::size_t i = 0; i < view.devices.size(); i++)
    if (view.devices[i].phase == Phase::pending)
      if (auto change = after_given(view, i)) decision.changes.push_back(*change);
}

Decision decide(const RolloutView& view) {
  Decision decision;
  if (view.done) {
    note_late(view, decision);
    return decision;
  }
  if (view.going_back) {
    take_back(view, decision);
    return decision;
  }
  std::size_t in_ring = 0, passed = 0, ready = 0, through = 0;
  for (std::size_t i = 0; i < view.devices.size(); i++) {
    auto& device = view.devices[i];
    auto change = device.given ? after_given(view, i) : device.ring == view.ring ? before_given(view, i) : std::nullopt;
    if (change) {
      decision.changes.push_back(*change);
      if (change->phase == Phase::failed) {
        decision.go_back = true;
        decision.reason = "device \"" + device.name + "\": " + change->reason;
        return decision;
      }
    }
    if (device.ring != view.ring) continue;
    Phase phase = change ? change->phase : device.phase;
    in_ring++;
    passed += phase == Phase::passed || device.given;
    ready += phase == Phase::passed || phase == Phase::pending || device.given;
    through += device.given && (phase == Phase::running || phase == Phase::pending);
  }
  if (!decision.changes.empty()) return decision;  // one thing at a time: the next look sees it done
  if (through == in_ring) {
    (view.ring + 1 < view.rings ? decision.next_ring : decision.done) = true;
  } else if (ready == in_ring) {
    if (view.ring == 0 && passed == 0) {
      decision.go_back = true;
      decision.reason = "no device of the first ring is there";
      return decision;
    }
    for (std::size_t i = 0; i < view.devices.size(); i++) {
      auto& device = view.devices[i];
      if (device.ring == view.ring && !device.given)
        decision.changes.push_back({i, device.phase == Phase::pending ? Phase::pending : Phase::starting, {}, true});
    }
  }
  return decision;
}

}  // namespace gyre
