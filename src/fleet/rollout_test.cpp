#include "fleet/rollout.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace gyre;

namespace {

RolloutView two_rings() {
  RolloutView view;
  view.image = "bottle@sha256:b";
  view.gate.min_accuracy = 0.95;
  view.gate.max_p99_ms = 20;
  view.validates = true;
  view.rings = 2;
  view.now = 1000;
  for (auto name : {"t", "p1", "p2"}) {
    RolloutDevice device;
    device.name = name;
    device.ring = name[0] == 'p';
    device.online = true;
    device.former_image = "bottle@sha256:a";
    device.image = "bottle@sha256:a";
    device.state = "running";
    view.devices.push_back(device);
  }
  return view;
}

DeviceResult good() { return {.samples = 100, .accuracy = 0.98, .p50_ms = 5, .p99_ms = 9, .pss_mb = 80}; }

// Does what Rollouts does with a decision; the devices obey at once when `obedient`.
void follow(RolloutView& view, const Decision& decision, bool obedient = true) {
  for (auto& change : decision.changes) {
    auto& device = view.devices[change.device];
    device.phase = change.phase;
    device.since = view.now;
    device.given |= change.give;
    if (!obedient || !device.online) continue;
    if (change.phase == Phase::validating) device.result = good();
    if (change.give) device.image = view.image, device.state = "running";
    if (change.phase == Phase::restoring) device.image = device.former_image, device.state = "running";
  }
  if (decision.next_ring) view.ring++;
  if (decision.go_back) view.going_back = true;
}

// Until nothing changes; the last decision that said something.
Decision turn(RolloutView& view, bool obedient = true) {
  Decision last;
  for (int i = 0; i < 50; i++) {
    Decision decision = decide(view);
    if (decision.nothing()) return last;
    last = decision;
    follow(view, decision, obedient);
    if (decision.done || decision.gone_back) return last;
  }
  FAIL("it never ends");
  return last;
}

}  // namespace

TEST_CASE("a roll-out goes ring by ring: nobody of the second is touched before the first runs") {
  auto view = two_rings();
  bool first_ran = false;
  for (int i = 0; i < 50; i++) {
    Decision decision = decide(view);
    if (decision.done) break;
    first_ran |= view.devices[0].phase == Phase::running;
    for (auto& change : decision.changes)
      if (change.device > 0) CHECK(first_ran);
    follow(view, decision);
  }
  for (auto& device : view.devices) CHECK(device.phase == Phase::running);
}

TEST_CASE("a ring starts together: one device that passed waits for the other") {
  auto view = two_rings();
  view.ring = 1;
  view.devices[0].phase = Phase::running, view.devices[0].given = true;
  view.devices[1].phase = Phase::validating, view.devices[1].result = good();
  view.devices[2].phase = Phase::validating;
  turn(view, false);
  CHECK(view.devices[1].phase == Phase::passed);
  CHECK_FALSE(view.devices[1].given);
  view.devices[2].result = good();
  auto last = turn(view);
  CHECK(last.done);
}

TEST_CASE("a gate that fails takes all that was touched back, and only that") {
  auto view = two_rings();
  view.ring = 1;
  view.devices[0].phase = Phase::running, view.devices[0].given = true, view.devices[0].image = view.image;
  view.devices[1].phase = Phase::validating, view.devices[1].result = good();
  view.devices[1].result->accuracy = 0.9;
  Decision decision = decide(view);
  CHECK(decision.go_back);
  CHECK(decision.reason == "device \"p1\": accuracy 0.9 is below 0.95");
  follow(view, decision);
  auto last = turn(view);
  CHECK(last.gone_back);
  CHECK(view.devices[0].image == "bottle@sha256:a");
  CHECK(view.devices[0].phase == Phase::restored);
  CHECK(view.devices[2].phase == Phase::waiting);
}

TEST_CASE("a module that does not come up takes the roll-out back") {
  auto view = two_rings();
  view.devices[0].phase = Phase::starting, view.devices[0].given = true;
  view.devices[0].state = "rolled_back", view.devices[0].refused = view.image, view.devices[0].error = "golden differs";
  Decision decision = decide(view);
  CHECK(decision.go_back);
  CHECK(decision.reason.find("golden differs") != std::string::npos);
}

TEST_CASE("an offline device of a later ring does not hold the roll-out, and is given the image") {
  auto view = two_rings();
  view.devices[2].online = false;
  Decision last = turn(view);
  CHECK_FALSE(last.done);  // patience first
  view.now += view.offline_ms;
  last = turn(view);
  CHECK(last.done);
  CHECK(view.devices[2].phase == Phase::pending);
  CHECK(view.devices[2].given);
  view.done = true;
  CHECK(decide(view).nothing());
  view.devices[2].image = view.image;  // it came back
  auto late = decide(view);
  REQUIRE(late.changes.size() == 1);
  CHECK(late.changes[0].phase == Phase::running);
}

TEST_CASE("a first ring without a device that is there proves nothing") {
  auto view = two_rings();
  view.devices[0].online = false;
  CHECK(decide(view).nothing());
  view.now += view.validate_ms;
  Decision last = turn(view);
  CHECK(last.gone_back);
  CHECK(view.going_back);
  for (auto& device : view.devices) CHECK_FALSE(device.given);
}

TEST_CASE("a device that comes back before its ring started is validated after all") {
  auto view = two_rings();
  view.ring = 1;
  view.devices[0].phase = Phase::running, view.devices[0].given = true;
  view.devices[1].phase = Phase::validating;
  view.devices[2].phase = Phase::pending;
  CHECK(decide(view).changes[0].phase == Phase::waiting);
}

TEST_CASE("time-outs: no result, no module") {
  auto view = two_rings();
  view.devices[0].phase = Phase::validating;
  view.now += view.validate_ms;
  CHECK(decide(view).go_back);
  view = two_rings();
  view.devices[0].phase = Phase::starting, view.devices[0].given = true;
  CHECK(decide(view).nothing());
  view.now += view.start_ms;
  CHECK(decide(view).go_back);
}

TEST_CASE("going back ends though a device is away") {
  auto view = two_rings();
  view.going_back = true;
  view.devices[0].phase = Phase::restoring, view.devices[0].given = true;
  view.devices[0].image = view.image, view.devices[0].online = false;
  Decision decision = decide(view);
  REQUIRE(decision.changes.size() == 1);
  CHECK(decision.changes[0].phase == Phase::restored);
}

TEST_CASE("the gate says which limit is broken") {
  Gate gate = gate_from(parse_json(R"({"min_accuracy":0.95,"max_p99_ms":20,"max_memory_mb":100})", "test"));
  CHECK(refusal(gate, good()).empty());
  auto result = good();
  result.p99_ms = 21;
  CHECK(refusal(gate, result) == "p99 latency 21 ms is above 20 ms");
  result = good();
  result.pss_mb = 101;
  CHECK(refusal(gate, result) == "memory 101 MB is above 100 MB");
  result = good();
  result.accuracy.reset();
  CHECK(refusal(gate, result) != "");
  result = good();
  result.different = 2;
  CHECK(refusal(gate, result) == "2 of 100 answers differ from those of the data validation");
  CHECK(refusal(gate, {.error = "no memory"}) == "validation failed: no memory");
  CHECK(refusal(gate, {}) == "validation answered no sample");
  CHECK_THROWS_AS(gate_from(parse_json(R"({"min_acuracy":0.95})", "test")), Error);
  CHECK_THROWS_AS(gate_from(parse_json(R"({"min_accuracy":95})", "test")), Error);
}
