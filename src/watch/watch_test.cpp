#include <doctest/doctest.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "data/dataset.hpp"
#include "media/image.hpp"
#include "watch/alerts.hpp"
#include "watch/intake.hpp"
#include "watch/queue.hpp"
#include "watch/routes.hpp"

using namespace gyre;

namespace {

struct Fixture {
  TemporaryFolder folder;
  Workspace workspace{Workspace::init(folder.path())};
  RouteTable routes;
  Fixture() {
    routes.mount(watch_routes(workspace));
    routes.mount(queue_routes(workspace));
  }
  json::value call(std::string method, std::string path, const json::value& body = nullptr, int status = 200) {
    Request request;
    request.method = std::move(method);
    auto mark = path.find('?');
    request.path = path.substr(0, mark);
    if (mark != std::string::npos) {
      auto equals = path.find('=', mark);
      request.query.emplace(path.substr(mark + 1, equals - mark - 1), path.substr(equals + 1));
    }
    if (!body.is_null()) request.body = canonical(body);
    Response response = routes.handle(request);
    CHECK_MESSAGE(response.status == status, response.body);
    return response.body.empty() ? json::value() : parse_json(response.body, path);
  }
};

Sketch seen(std::uint64_t seed, int count, double brightness) {
  Random random(seed);
  Sketch sketch;
  sketch.count = count;
  for (int i = 0; i < count; i++) {
    sketch.features["brightness"].add(random.normal(brightness, 0.03));
    sketch.labels[random.chance(0.5) ? "good" : "dented"]++;
  }
  return sketch;
}

json::value answers(std::int64_t at, int count, const Sketch& sketch, const std::string& image = "bottle@sha256:1") {
  return {{"module", "bottle"}, {"image", image},
          {"count", count},     {"latency_ms", {2.0, 4.5}},
          {"from", at - 3000},  {"to", at},
          {"errors", 0},        {"alarms", 1},
          {"late", 0},          {"sketch", sketch.to_json()}};
}

std::string frame(int shade) {
  return encode_png({8, 8, std::vector<std::uint8_t>(192, static_cast<std::uint8_t>(shade))});
}

json::value returned(int shade, const std::string& label, const std::string& why = "uncertain") {
  return {{"module", "bottle"},
          {"image", "bottle@sha256:1"},
          {"name", std::to_string(shade) + ".png"},
          {"why", why},
          {"answer", {{"label", label}, {"confidence", 0.6}}},
          {"bytes", base64(frame(shade))}};
}

}  // namespace

TEST_CASE("an evening raises one alert with what moved, and the next day ends it") {
  Fixture fixture;
  set_reference(fixture.workspace, "bottle", "", seen(1, 300, 0.5));
  auto hear = [&](int i, double brightness) {
    take_answers(fixture.workspace, "press-" + std::to_string(i % 3), 1'000'000 + i * 3000,
                 answers(1'000'000 + i * 3000, 20, seen(100 + i, 20, brightness)));
    check_alerts(fixture.workspace, "bottle", "bottle@sha256:1", true);
  };
  for (int i = 0; i < 6; i++) hear(i, 0.5);
  CHECK(list_alerts(fixture.workspace, true).empty());
  CHECK(get_string(fixture.call("GET", "/api/watch/modules/bottle/drift"), "level") == "none");
  for (int i = 6; i < 14; i++) hear(i, 0.2);
  auto alerts = list_alerts(fixture.workspace, false);
  REQUIRE(alerts.size() == 1);
  CHECK(get_string(alerts[0], "kind") == "drift");
  CHECK(get_string(alerts[0], "words").find("brightness fell from ") != std::string::npos);
  for (int i = 14; i < 22; i++) hear(i, 0.5);
  CHECK(list_alerts(fixture.workspace, false).empty());
  CHECK(list_alerts(fixture.workspace, true).size() == 1);
}

TEST_CASE("a new version is compared with its own reference and starts without answers") {
  Fixture fixture;
  set_reference(fixture.workspace, "bottle", "", seen(1, 300, 0.5));
  set_reference(fixture.workspace, "bottle", "bottle@sha256:2", seen(2, 300, 0.2));
  take_answers(fixture.workspace, "press-1", 1'000'000, answers(1'000'000, 100, seen(3, 100, 0.2)));
  take_answers(fixture.workspace, "press-1", 2'000'000, answers(2'000'000, 50, seen(4, 50, 0.2), "bottle@sha256:2"));
  auto now = current_drift(fixture.workspace, {.module = "bottle"});
  CHECK(now.current.image == "bottle@sha256:2");
  CHECK(now.current.count == 50);
  CHECK(now.drift.level == DriftLevel::none);
  CHECK(current_drift(fixture.workspace, {.module = "bottle", .image = "bottle@sha256:1"}).drift.level ==
        DriftLevel::large);
  CHECK_FALSE(current_drift(fixture.workspace, {.module = "gearbox"}).has_reference);
}

TEST_CASE("old windows are put together by the hour and no answer is lost") {
  Fixture fixture;
  for (int i = 0; i < 1001; i++)
    take_answers(fixture.workspace, "press-1", 1'000'000 + i * 10'000,
                 answers(1'000'000 + i * 10'000, 5, seen(i, 5, 0.5)));
  auto windows = newest_windows(fixture.workspace, {.module = "bottle"});
  CHECK(windows.size() < 10);
  std::int64_t count = 0, sketched = 0;
  for (auto& window : windows) count += window.count, sketched += window.sketch.features.at("brightness").count();
  CHECK(count == 5005);
  CHECK(sketched == 5005);
  CHECK(windows.back().p99_ms == 4.5);
}

TEST_CASE("a body that is none is an error and leaves nothing") {
  Fixture fixture;
  auto bad = [&](const json::value& body) {
    CHECK_THROWS_AS(take_answers(fixture.workspace, "press-1", 1, body), Error);
  };
  bad({{"count", 1}});
  bad({{"module", "bottle"}, {"count", -1}});
  bad({{"module", "bottle"}, {"count", 1}, {"sketch", {{"version", 9}}}});
  json::value sample = returned(1, "good");
  sample.as_object()["bytes"] = base64(frame(1).substr(0, 50));
  CHECK_THROWS_AS(take_sample(fixture.workspace, "press-1", 1, sample), Error);
  sample.as_object()["bytes"] = base64("gyre-tree-1\n[{\"path\":\"../../x\"}]");
  CHECK_THROWS_AS(take_sample(fixture.workspace, "press-1", 1, sample), Error);
  CHECK(newest_windows(fixture.workspace, {}).empty());
  CHECK(queued(fixture.workspace, {}).empty());
}

TEST_CASE("samples come back once, are labelled, judged and become data for the next training") {
  Fixture fixture;
  for (int shade = 0; shade < 10; shade++)
    take_sample(fixture.workspace, "press-1", 1000 + shade, returned(shade, shade < 4 ? "good" : "dented"));
  take_sample(fixture.workspace, "press-2", 2000, returned(3, "good"));
  json::value list = fixture.call("GET", "/api/queue?module=bottle");
  REQUIRE(list.at("samples").as_array().size() == 10);
  CHECK(list.at("counts").at("waiting").as_int64() == 10);
  std::int64_t id = get_int(list.at("samples").at(0), "id");
  fixture.call("POST", "/api/queue/" + std::to_string(id) + "/label", {{"label", "no_cap"}, {"by", "Åsa"}});
  fixture.call("POST", "/api/queue/" + std::to_string(id + 9) + "/skip");
  fixture.call("POST", "/api/queue/999/label", {{"label", "good"}}, 404);
  // One bad label in a list gives none of them.
  fixture.call("POST", "/api/queue",
               {{"labels", {{{"id", id + 1}, {"label", "good"}}, {{"id", id + 2}, {"label", ""}}}}}, 400);
  CHECK(queued(fixture.workspace, {.state = "labelled"}).size() == 1);

  Labels truth;  // what the generator knows
  for (int shade = 0; shade < 9; shade++) truth.of[digest_of(frame(shade))] = {"good", "generator", ""};
  std::string layer = fixture.workspace.blobs().put_bytes(to_text(truth));
  CHECK(get_int(fixture.call("POST", "/api/queue", {{"from", layer}, {"module", "bottle"}}), "labelled") == 8);

  json::value exported = fixture.call("POST", "/api/queue/export", {{"name", "evening"}, {"module", "bottle"}});
  CHECK(get_int(exported, "samples") == 9);
  auto& blobs = fixture.workspace.blobs();
  Dataset data = load_samples(blobs.open(get_string(exported.at("data"), "digest")),
                              blobs.path(get_string(exported.at("labels"), "digest")), Part::all, 0);
  CHECK(data.samples.size() == 9);
  CHECK(data.classes == std::vector<std::string>{"good", "no_cap"});
  CHECK(get_string(fixture.call("POST", "/api/queue/export", {{"name", "evening"}, {"module", "bottle"}}).at("data"),
                   "digest") == get_string(exported.at("data"), "digest"));

  json::value accuracy = fixture.call("GET", "/api/watch/modules/bottle/accuracy");
  REQUIRE(accuracy.at("accuracy").as_array().size() == 1);
  CHECK(get_int(accuracy.at("accuracy").at(0), "right") == 3);
  CHECK(get_int(accuracy.at("accuracy").at(0), "labelled") == 9);
}
