#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/memory_context.hpp"
#include "data/line/gearbox.hpp"
#include "data/line/pump.hpp"

using namespace gyre;

static double level(const Sound& sound) {
  double sum = 0;
  for (float sample : sound.samples) sum += sample * sample;
  return std::sqrt(sum / static_cast<double>(sound.samples.size()));
}

// Energy in a band, by the plain sum that defines it (Goertzel at a few frequencies).
static double energy(const Sound& sound, double from, double to) {
  double sum = 0;
  for (double hz = from; hz < to; hz += 37) {
    double real = 0, imaginary = 0;
    for (std::size_t i = 0; i < sound.samples.size(); i += 1) {
      double angle = 2 * 3.14159265358979 * hz * static_cast<double>(i) / sound.rate;
      real += sound.samples[i] * std::cos(angle), imaginary += sound.samples[i] * std::sin(angle);
    }
    sum += real * real + imaginary * imaginary;
  }
  return sum;
}

TEST_CASE("gearbox: the same state of chance gives the same sound, another gives another") {
  std::set<std::string> digests;
  for (auto states : {known_gearboxes(), unseen_gearboxes()})
    for (Gearbox state : states) {
      Random one(7), two(7), other(8);
      Sound sound = record_gearbox(state, one);
      CHECK(sound.rate == 16000);
      CHECK(sound.samples.size() == 16000);
      CHECK(sound.samples == record_gearbox(state, two).samples);
      digests.insert(digest_of(encode_wav(sound)));
      digests.insert(digest_of(encode_wav(record_gearbox(state, other))));
      CHECK(level(sound) > 0.02);
      CHECK(level(sound) < 0.6);
    }
  CHECK(digests.size() == 12);
}

TEST_CASE("gearbox: a worn bearing rings where a healthy one is quiet") {
  double healthy = 0, worn = 0;
  for (std::uint64_t seed = 0; seed < 4; seed++) {
    Random one(seed), two(seed);
    healthy += energy(record_gearbox(Gearbox::healthy, one), 2900, 4300);
    worn += energy(record_gearbox(Gearbox::worn_bearing, two), 2900, 4300);
  }
  CHECK(worn > 2 * healthy);
}

TEST_CASE("pump: recordings repeat; faults are labelled; sensor faults are not") {
  PumpPlan plan{600, 20, 120};
  Random one(5), two(5);
  PumpRecording recording = record_pump(plan, one);
  CHECK(encode_series(recording.readings) == encode_series(record_pump(plan, two).readings));
  CHECK(recording.readings.rows() == 6000);
  CHECK(recording.readings.columns.size() == 7);
  CHECK(!recording.faults.empty());
  for (std::size_t i = 1; i < recording.faults.size(); i++)
    CHECK(recording.faults[i].from - recording.faults[i - 1].to >= 90);
  Random three(5);
  PumpRecording quiet = record_pump({600, 0, 0}, three);
  CHECK(quiet.faults.empty());
  CHECK(
      std::none_of(quiet.readings.values.begin(), quiet.readings.values.end(), [](double v) { return std::isnan(v); }));
  CHECK(std::any_of(recording.readings.values.begin(), recording.readings.values.end(),
                    [](double v) { return std::isnan(v); }));
}

TEST_CASE("pump: vibration grows until a run to failure ends") {
  Random random(11);
  Series run = run_pump_to_failure(random);
  CHECK(run.rows() >= 3600);
  std::size_t x = run.get_column("vibration_x", "run");
  double first = 0, last = 0;
  for (std::size_t i = 0; i < 100; i++) first += run.at(i, x) / 100, last += run.at(run.rows() - 1 - i, x) / 100;
  CHECK(last > first + 1.5);
}

TEST_CASE("gather line: the same options give the same bytes; intervals name the files") {
  auto digests = [](const std::string& step_name, json::object options) {
    MemoryContext context;
    get_step(step_name).run(options, context);
    std::string all;
    for (auto& file : files_below(context.output("series").parent_path()))
      all += file.string() + digest_of_file(context.output("series").parent_path() / file);
    return all;
  };
  json::object pump{{"kind", "faults"}, {"recordings", 2}, {"seconds", 300}};
  CHECK(digests("gather-line-pump", pump) == digests("gather-line-pump", pump));
  json::object sound{{"sounds", 6}, {"unseen", true}};
  std::string names = digests("gather-line-microphone", sound);
  CHECK(names == digests("gather-line-microphone", sound));
  CHECK(names.find("sounds/cavitation/000001.wav") != std::string::npos);

  MemoryContext context;
  get_step("gather-line-pump").run(pump, context);
  Intervals intervals = load_intervals(context.output("intervals"));
  for (auto& file : files_below(context.output("series")))
    CHECK(intervals.of.count(digest_of_file(context.output("series") / file)) == 1);
  CHECK(to_text(intervals) == read_file(context.output("intervals")));
  CHECK_THROWS_AS(digests("gather-line-pump", {{"kind", "abnormal"}}), Error);
}
