#include "serve/admission.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "serve/tracer.hpp"

namespace gyre::testing {

TEST_CASE("admission: what each path and call wants") {
  auto wants = [](std::string_view method, std::string_view path, Right right, std::string_view model) {
    auto wanted = wanted_by(method, path);
    CHECK_MESSAGE(wanted.right == right, path);
    CHECK_MESSAGE(wanted.model == model, path);
  };
  wants("GET", "/v2/health/ready", Right::open, "");
  wants("GET", "/v2/health/ready/", Right::use, "");
  wants("POST", "/v2/models/line/infer", Right::use, "line");
  wants("POST", "/v2/models/line/versions/3/infer", Right::use, "line");
  wants("GET", "/v2/models/line/trace/setting", Right::use, "line");
  wants("POST", "/v2/models/line/trace/setting", Right::manage, "line");
  wants("POST", "/endpoints/line/predict", Right::use, "line");
  wants("GET", "/endpoints/line", Right::use, "line");
  wants("PUT", "/endpoints/line", Right::manage, "line");
  wants("DELETE", "/endpoints/line", Right::manage, "line");
  wants("POST", "/v2/repository/index", Right::use, "");
  wants("POST", "/v2/repository/models/line/load", Right::manage, "");
  wants("POST", "/v2/systemsharedmemory/region/a/register", Right::manage, "");
  wants("POST", "/v2/logging", Right::manage, "");
  wants("POST", "/anything/new", Right::manage, "");
  std::string name = "\x0a\x04line";
  auto call = [](std::string_view method, std::string_view message) {
    return wanted_by_call("/inference.GRPCInferenceService/" + std::string(method), message);
  };
  CHECK(call("ServerLive", "").right == Right::open);
  CHECK(wanted_by_call("/other.Health/Check", "").right == Right::use);
  CHECK(call("ModelInfer", name).model == "line");
  CHECK(call("ModelInfer", name + "\x0a\x05other").model == "other");  // the last one counts, as for who reads it
  CHECK(call("RepositoryModelLoad", "").right == Right::manage);
  CHECK(call("LogSettings", "").right == Right::use);
  CHECK(call("LogSettings", "\x0a\x01x").right == Right::manage);
  CHECK_THROWS_AS(call("ModelInfer", "\xff"), Error);
  CHECK(key_of("Bearer abc", "") == "abc");
  CHECK(key_of("bearer abc", "other") == "abc");
  CHECK(key_of("Basic abc", "other") == "other");
  CHECK(key_of("", "").empty());
}

TEST_CASE("admission: limits of a caller") {
  Caller caller;
  caller.name = "line";
  caller.limits = {.per_second = 2, .at_once = 3};
  CHECK(caller.enter(10).granted);
  CHECK(caller.enter(10).granted);
  auto refused = caller.enter(10);
  CHECK(!refused.granted);
  CHECK(refused.retry_seconds == doctest::Approx(0.5));
  CHECK(caller.enter(10.6).granted);
  CHECK(!caller.enter(20).granted);  // three are worked on
  caller.leave();
  CHECK(caller.enter(20).granted);
}

TEST_CASE("admission: a key for some models, one that manages, none") {
  TemporaryFolder folder;
  auto file = folder.path() / "keys.json";
  write_file(file, R"({"keys":[{"name":"line","key":"0123456789abcdef","models":["bottles"]},
                               {"name":"boss","digest":")" +
                       digest_of("fedcba9876543210") + R"(","manage":true}]})");
  Admission admission(std::make_unique<KeyFile>(file, CallerLimits{}), nullptr);
  using Why = Admission::Refusal::Why;
  auto why = [&](std::string_view key, const Wanted& wanted) {
    auto verdict = admission.judge(key, wanted);
    return verdict.refusal ? std::optional(verdict.refusal->why) : std::nullopt;
  };
  CHECK(why("", {Right::use, ""}) == Why::nobody);
  CHECK(why("", {Right::open, ""}) == std::nullopt);
  CHECK(why("0123456789abcdeF", {Right::use, "bottles"}) == Why::nobody);
  CHECK(why("0123456789abcdef", {Right::use, "bottles"}) == std::nullopt);
  CHECK(why("0123456789abcdef", {Right::use, "caps"}) == Why::may_not);
  CHECK(why("0123456789abcdef", {Right::manage, "bottles"}) == Why::may_not);
  CHECK(why("fedcba9876543210", {Right::manage, "caps"}) == std::nullopt);
  for (auto bad : {"{}", R"({"keys":[{"name":"a","key":"short"}]})", R"({"keys":[{"key":"0123456789abcdef"}]})",
                   R"({"keys":[{"name":"a","digest":"abc"}]})",
                   R"({"keys":[{"name":"a","key":"0123456789abcdef","at_once":-1}]})"}) {
    write_file(file, bad);
    CHECK_THROWS_AS(KeyFile(file, CallerLimits{}), Error);
  }
}

TEST_CASE("trace: W3C context is read as it is defined") {
  std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  auto parent = trace_parent(good);
  REQUIRE(parent);
  CHECK(parent->sampled);
  CHECK(to_header(*parent) == good);
  CHECK(!trace_parent(good.substr(0, 54) + "0")->sampled);
  CHECK(trace_parent("cc" + good.substr(2) + "-what-will-be"));  // a later version may say more
  for (std::string bad :
       {std::string(), good + "-more", "ff" + good.substr(2), good.substr(1),
        "00-" + std::string(32, '0') + good.substr(35), good.substr(0, 36) + std::string(16, '0') + "-01",
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"), good.substr(0, 53) + "0g"})
    CHECK_MESSAGE(!trace_parent(bad), bad);
}

}  // namespace gyre::testing
