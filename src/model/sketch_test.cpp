#include "model/sketch.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/random.hpp"

using namespace gyre;

static Signature camera() {
  Signature signature;
  signature.takes = "image", signature.task = "classify", signature.labels = {"dented", "good"};
  return signature;
}

static Tensor frame(Random& random, double light) {
  Tensor tensor{DataType::u8, {1, 16, 16, 3}, std::vector<std::byte>(16 * 16 * 3), {}};
  double here = random.normal(light, 8);
  for (auto& byte : tensor.bytes)
    byte = std::byte(static_cast<int>(std::clamp(here + random.normal(0, 15), 0.0, 255.0)));
  return tensor;
}

static Sketch watched(std::uint64_t seed, int count, double light, double good_share = 0.5) {
  Random random(seed);
  Sketch sketch;
  for (int i = 0; i < count; i++) {
    Answer answer;
    answer.label = random.chance(good_share) ? "good" : "dented";
    answer.confidence = 1 - 0.1 * random.uniform();
    answer.has_score = true, answer.score = random.normal(-8, 1), answer.alarm = answer.score > -5;
    sketch.add(camera(), frame(random, light), answer);
  }
  return sketch;
}

TEST_CASE("a sketch keeps its bytes over the wire and merging is adding") {
  Sketch a = watched(1, 40, 120), b = watched(2, 60, 120), both = a;
  both.merge(b);
  CHECK(canonical(Sketch::from_json(a.to_json()).to_json()) == canonical(a.to_json()));
  CHECK(both.count == 100);
  CHECK(both.labels["good"] + both.labels["dented"] == 100);
  CHECK(both.features["brightness"].count() == 100);
  CHECK(both.features["brightness"].mean() ==
        doctest::Approx(0.4 * a.features["brightness"].mean() + 0.6 * b.features["brightness"].mean()));
  CHECK(canonical(a.to_json()).size() < 6000);
}

TEST_CASE("what is no sketch is refused") {
  auto bad = [](std::string_view text) { CHECK_THROWS_AS(Sketch::from_json(parse_json(text, "x")), Error); };
  bad(R"({})");
  bad(R"({"version":2,"count":1,"alarms":0,"labels":{},"features":{}})");
  bad(R"({"version":1,"count":-1,"alarms":0,"labels":{},"features":{}})");
  bad(R"({"version":1,"count":1,"alarms":0,"labels":{"a":"b"},"features":{}})");
  bad(R"({"version":1,"count":1,"alarms":0,"labels":{},"features":{"x":{"sum":1,"squares":1,"missing":0,"bins":[[99999,1]]}}})");
  bad(R"({"version":1,"count":1,"alarms":0,"labels":{},"features":{"x":{"sum":1,"squares":1,"missing":0,"bins":[[1]]}}})");
}

TEST_CASE("an evening is noticed and named, another day is not") {
  Sketch reference = watched(1, 400, 140);
  Drift evening = drift(reference, watched(2, 100, 60));
  CHECK(evening.level == DriftLevel::large);
  CHECK(evening.words.find("brightness fell from 0.5") != std::string::npos);
  CHECK(evening.features.front().jensen_shannon > 0.8);
  for (std::uint64_t seed = 10; seed < 60; seed++) {
    CHECK(drift(reference, watched(seed, 40, 140)).level == DriftLevel::none);
    CHECK(drift(reference, watched(seed, 1000, 140)).level == DriftLevel::none);
  }
}

TEST_CASE("few answers are no verdict; another mix of labels alone is told, but no drift of the inputs") {
  Sketch reference = watched(1, 400, 140);
  CHECK(drift(reference, watched(2, 10, 60)).level == DriftLevel::unknown);
  Drift mix = drift(reference, watched(3, 300, 140, 0.95));
  CHECK(mix.level == DriftLevel::none);
  CHECK(mix.features.back().feature == "labels");
  CHECK(mix.features.back().level == DriftLevel::large);
  CHECK(mix.features.back().words.find("% of the answers, it was") != std::string::npos);
}

TEST_CASE("a sound's level and frequency, a series' columns") {
  Signature microphone;
  microphone.takes = "sound", microphone.rate = 16000;
  std::vector<float> samples;
  for (int i = 0; i < 16000; i++) samples.push_back(static_cast<float>(0.1 * std::sin(2 * M_PI * 1000 * i / 16000)));
  Tensor tensor{DataType::f32, {1, 16000}, std::vector<std::byte>(64000), {}};
  std::memcpy(tensor.bytes.data(), samples.data(), 64000);
  auto sound = features_of(microphone, tensor);
  CHECK(sound["level"] == doctest::Approx(20 * std::log10(0.1 / std::sqrt(2))).epsilon(0.001));
  CHECK(sound["frequency"] == doctest::Approx(1000).epsilon(0.001));
  CHECK(sound["crest"] == doctest::Approx(std::sqrt(2)).epsilon(0.001));

  Signature pump;
  pump.takes = "series", pump.columns = {"temperature", "flow"};
  float rows[] = {20, NAN, 22, NAN, 24, 7};
  Tensor series{DataType::f32, {1, 3, 2}, std::vector<std::byte>(sizeof rows), {}};
  std::memcpy(series.bytes.data(), rows, sizeof rows);
  auto features = features_of(pump, series);
  CHECK(features["temperature.mean"] == doctest::Approx(22));
  CHECK(features["temperature.missing"] == 0);
  CHECK(features["flow.missing"] == doctest::Approx(2.0 / 3));
  CHECK(std::isnan(features["flow.deviation"]));
}
