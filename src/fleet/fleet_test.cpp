#include "fleet/fleet.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/tar.hpp"
#include "fleet/routes.hpp"

using namespace gyre;

namespace {

std::string image(char digit) { return "bottle@sha256:" + std::string(64, digit); }

// A workspace with its fleet, and devices that do what their desired twin says.
struct World {
  TemporaryFolder folder;
  Workspace workspace{Workspace::init(folder.path())};
  std::unique_ptr<Fleet> fleet = std::make_unique<Fleet>(workspace);
  std::int64_t seq = 0;

  void add(const std::string& name, const std::string& ring) {
    fleet->add_device(name, ring, "test");
    fleet->set_online(name, true);
  }
  void send(const std::string& device, std::string_view kind, json::object body) {
    fleet->inbox().store(device, canonical({{"seq", ++seq}, {"kind", kind}, {"at", 1}, {"body", std::move(body)}}));
    fleet->inbox().handle_waiting();
  }
  json::object desired(const std::string& device) { return told(fleet->devices().get(device).desired); }
  void report(const std::string& device, const std::string& image, std::string_view state, json::object more = {}) {
    more["image"] = image;
    more["state"] = state;
    send(device, "reported", {{"desired_version", desired(device)["$version"]}, {"modules", {{"bottle", more}}}});
  }
  void advance(std::int64_t now = 5) {
    while (fleet->rollouts().advance(now)) {
    }
  }
  // Runs what it is told, and answers what it is asked with the given answers.
  void obey(const std::string& device, const json::array& answers) {
    auto twin = json::value(desired(device));
    if (auto* asked = find(twin, "validate"))
      send(device, "validation",
           {{"id", asked->at("id")},
            {"image", asked->at("image")},
            {"samples", answers.size()},
            {"answers", answers},
            {"p50_ms", 2.0},
            {"p99_ms", 4.0},
            {"pss_mb", 50.0}});
    if (auto* modules = find(twin, "modules"); modules && modules->get_object().contains("bottle"))
      report(device, get_string(modules->at("bottle"), "image"), "running");
  }
  json::object rollout(char digit, json::object more = {}) {
    more["app"] = "bottle";
    more["image"] = image(digit);
    return to_json(rollout_request_from(more));
  }
  std::int64_t start(const json::object& request) {
    return fleet->rollouts().start(rollout_request_from(request), "test");
  }
  std::string state(std::int64_t id) { return std::string(fleet->rollouts().show(id)["state"].as_string()); }
  bool has_rules(const std::string& device) {
    Device twin = fleet->devices().get(device);
    return Device::module(twin.desired, "bottle")->contains("rules");
  }
  std::string running(const std::string& device) {
    Device twin = fleet->devices().get(device);
    auto* module = Device::module(twin.desired, "bottle");
    return module ? std::string(module->at("image").as_string()) : "";
  }
};

json::object answer(const char* name, const char* label) {
  return {{"name", name}, {"answer", {{"label", label}, {"confidence", 0.75}}}};
}

}  // namespace

TEST_CASE("a device's messages are stored once and handled once") {
  World world;
  world.add("press-1", "test");
  int handled = 0;
  world.fleet->inbox().on("event", [&](const std::string& device, std::int64_t, const json::value& body) {
    CHECK(device == "press-1");
    CHECK(get_string(body, "what") == "hot");
    handled++;
  });
  std::string payload = R"({"seq":7,"kind":"event","at":5,"body":{"what":"hot"}})";
  CHECK(world.fleet->inbox().store("press-1", payload) == 7);
  CHECK(world.fleet->inbox().store("press-1", payload) == 7);
  CHECK(world.fleet->inbox().handle_waiting().count == 1);
  CHECK(world.fleet->inbox().store("press-1", payload) == 7);  // again, after it was handled
  CHECK(world.fleet->inbox().handle_waiting().count == 0);
  CHECK(handled == 1);
  CHECK_THROWS_AS(world.fleet->inbox().store("stranger", payload), Error);
  CHECK_THROWS_AS(world.fleet->inbox().store("press-1", "{"), Error);
}

TEST_CASE("a message that cannot be handled is kept with its error; a full disk is tried again") {
  World world;
  world.add("press-1", "test");
  bool full = true;
  world.fleet->inbox().on("sample", [&](const std::string&, std::int64_t, const json::value&) {
    if (full) throw Error(Code::full, "no room");
  });
  world.fleet->inbox().store("press-1", R"({"seq":1,"kind":"sample","at":5,"body":{}})");
  CHECK_FALSE(world.fleet->inbox().handle_waiting().all);
  full = false;
  CHECK(world.fleet->inbox().handle_waiting().count == 1);
  world.fleet->inbox().store("press-1", R"({"seq":2,"kind":"reported","at":5,"body":{"a b":1}})");
  world.fleet->inbox().store("press-1", R"({"seq":3,"kind":"nonsense","at":5,"body":{}})");
  world.fleet->inbox().handle_waiting();
  for (int seq : {2, 3}) {
    auto row = world.workspace.rows().one("SELECT * FROM device_message WHERE seq = $1", {seq});
    CHECK(row->at("body").is_null());
    CHECK(row->at("error").is_string());
  }
}

TEST_CASE("a roll-out validates, starts ring by ring, and a later device gets the app") {
  World world;
  world.add("t", "test");
  world.add("p", "production");
  TarWriter tar;
  tar.bytes("1.jpg", "one");
  tar.bytes("2.jpg", "two");
  std::string data = world.workspace.blobs().put_bytes(tar.text());
  std::string labels = world.workspace.blobs().put_bytes(
      canonical({{"labels", {{digest_of("one"), {{"label", "good"}}}, {digest_of("two"), {{"label", "dented"}}}}},
                 {"version", 1}}));
  std::string expected = world.workspace.blobs().put_bytes(
      canonical({{"answers", json::array{{{"digest", digest_of("one")}, {"answer", answer("", "good")["answer"]}}}}}));
  auto request = world.rollout('a', {{"data", data},
                                     {"labels", labels},
                                     {"expected", expected},
                                     {"gate", {{"min_accuracy", 0.9}}},
                                     {"samples", {{"per_day", 4}}}});
  auto id = world.start(request);
  CHECK(world.start(request) == id);  // it runs already
  CHECK_THROWS_AS(world.start(world.rollout('b')), Error);
  json::array answers{answer("1.jpg", "good"), answer("2.jpg", "dented")};
  world.advance();
  CHECK(world.running("t") == "");
  for (int i = 0; i < 4; i++)
    for (auto device : {"t", "p"}) {
      world.obey(device, answers);
      world.advance();
      if (world.running("p") != "") CHECK(world.running("t") == image('a'));
    }
  CHECK(world.state(id) == "done");
  auto shown = json::value(world.fleet->rollouts().show(id));
  CHECK(shown.at_pointer("/devices/0/accuracy") == 1.0);
  CHECK(shown.at_pointer("/devices/0/different") == 0);
  CHECK(shown.at_pointer("/devices/1/digest") == json::value(json::string("sha256:" + std::string(64, 'a'))));
  CHECK_FALSE(world.desired("t").contains("validate"));
  CHECK(world.start(request) == id);  // nothing to do
  world.add("p-late", "production");
  CHECK(world.running("p-late") == image('a'));
  world.fleet->add_device("spare", "shelf", "test");
  CHECK(world.running("spare") == "");
  world.fleet->move_device("spare", "test", "test");
  CHECK(world.running("spare") == image('a'));
}

TEST_CASE("a gate that fails leaves the former version, and a failed start brings it back") {
  World world;
  world.add("t", "test");
  auto first = world.start(world.rollout('a', {{"rings", {"test"}}, {"rules", json::array{1}}}));
  world.advance();
  world.obey("t", {});
  world.advance();
  CHECK(world.state(first) == "done");
  auto second = world.start(world.rollout('b', {{"rings", {"test"}}}));
  world.advance();
  CHECK(world.running("t") == image('b'));
  CHECK_FALSE(world.has_rules("t"));
  world.report("t", image('a'), "rolled_back", {{"refused", image('b')}, {"error", "golden differs"}});
  world.advance();
  CHECK(world.running("t") == image('a'));
  CHECK(world.has_rules("t"));
  world.advance();
  CHECK(world.state(second) == "rolled_back");
  CHECK(std::string(world.fleet->rollouts().show(second)["reason"].as_string()).find("golden differs") !=
        std::string::npos);
  // What went wrong the last time is no news when the same image is tried again.
  auto third = world.start(world.rollout('b', {{"rings", {"test"}}}));
  CHECK(third != second);
  auto now =
      get_int(*world.workspace.rows().one("SELECT ring_since FROM rollout WHERE id = $1", {third}), "ring_since");
  world.advance(now + 1000);
  CHECK(world.state(third) == "running");
  world.report("t", image('b'), "running");
  world.advance(now + 2000);
  CHECK(world.state(third) == "done");
}

TEST_CASE("a roll-out that is done can be taken back to the one before") {
  World world;
  world.add("t", "test");
  for (char digit : {'a', 'b'}) {
    world.start(world.rollout(digit, {{"rings", {"test"}}}));
    world.advance();
    world.obey("t", {});
    world.advance();
  }
  CHECK_THROWS_AS(world.fleet->rollouts().take_back(1, "test", "test"), Error);
  world.fleet->rollouts().take_back(2, "test", "test");
  world.advance();
  world.obey("t", {});
  world.advance();
  CHECK(world.state(2) == "rolled_back");
  CHECK(world.running("t") == image('a'));
  world.add("late", "test");
  CHECK(world.running("late") == image('a'));
}

TEST_CASE("requests for roll-outs are checked before anything changes") {
  World world;
  auto refused = [&](const json::object& request) {
    try {
      world.start(request);
    } catch (const Error& error) {
      return error.text();
    }
    return std::string();
  };
  CHECK(refused(world.rollout('a')) == "no device is in the first ring, \"test\"");
  world.add("t", "test");
  CHECK(refused({{"app", "bottle"}, {"image", "bottle"}}) != "");
  CHECK(refused({{"app", "bot tle"}, {"image", image('a')}}) != "");
  CHECK(refused({{"app", "bottle"}, {"image", image('a')}, {"ring", "test"}}) == "a roll-out has no \"ring\"");
  CHECK(refused({{"app", "bottle"}, {"image", image('a')}, {"gate", {{"min_accuracy", 0.9}}}}).find("needs \"data\"") !=
        std::string::npos);
  CHECK(refused({{"app", "bottle"}, {"image", image('a')}, {"data", digest_of("nowhere")}}) != "");
  CHECK(refused({{"app", "bottle"}, {"image", image('a')}, {"rings", {"test", ""}}}) != "");
  CHECK(world.fleet->rollouts().list().empty());
}

TEST_CASE("the routes: devices with ETags, revoked ones, unknown ones") {
  World world;
  RouteTable table;
  table.mount(fleet_routes(*world.fleet));
  auto call = [&](std::string method, std::string path, json::value body = nullptr, Headers headers = {}) {
    Request request;
    request.method = method, request.path = path, request.headers = headers;
    if (!body.is_null()) request.body = json::serialize(body);
    return table.handle(request);
  };
  auto added = call("POST", "/api/devices", {{"name", "press-1"}, {"ring", "test"}});
  CHECK(added.status == 201);
  auto files = parse_json(added.body, "answer").at("files").as_object();
  for (auto name : {"device.json", "ca.crt", "device.crt", "device.key", "signing.pub"}) CHECK(files.contains(name));
  CHECK(call("POST", "/api/devices", {{"name", "press-1"}}).status == 409);
  CHECK(call("POST", "/api/devices", {{"name", "../x"}}).status == 400);
  CHECK(call("POST", "/api/devices", {{"name", "gyre-server"}}).status == 400);
  CHECK(call("GET", "/api/devices/press-2").status == 404);
  auto twin = call("GET", "/api/devices/press-1");
  json::value patch{{"desired", {{"gather", {{"camera", {{"every", 10}}}}}}}, {"tags", {{"hall", "b"}}}};
  auto etag = twin.headers["ETag"];
  CHECK(call("PATCH", "/api/devices/press-1", patch, {{"If-Match", etag}}).status == 200);
  CHECK(call("PATCH", "/api/devices/press-1", patch, {{"If-Match", etag}}).status == 412);
  CHECK(call("PATCH", "/api/devices/press-1", {{"reported", json::object()}}).status == 400);
  CHECK(call("PATCH", "/api/devices/press-1", {{"tags", {{"x", std::string(4097, 'x')}}}}).status == 400);
  auto history = parse_json(call("GET", "/api/devices/press-1/history").body, "answer").at("changes").as_array();
  CHECK(history.size() == 2);
  CHECK(call("DELETE", "/api/devices/press-1").status == 409);
  CHECK(call("POST", "/api/devices/press-1/revoke").status == 200);
  CHECK_THROWS_AS(world.fleet->inbox().store("press-1", R"({"seq":7,"kind":"event","at":5,"body":{}})"), Error);
  CHECK(call("DELETE", "/api/devices/press-1").status == 200);
  CHECK(call("GET", "/api/rollouts/x").status == 400);
  CHECK(call("GET", "/api/rollouts/9").status == 404);
}
