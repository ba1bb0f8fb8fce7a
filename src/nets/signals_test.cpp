// The trainers of sounds, alarms and remaining life, end to end on little data: what they write can be used.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/hash.hpp"
#include "base/memory_context.hpp"
#include "data/dataset.hpp"
#include "data/line/gearbox.hpp"
#include "data/line/pump.hpp"
#include "model/predict.hpp"
#include "nets/train_life.hpp"
#include "nets/train_series.hpp"
#include "nets/train_sounds.hpp"

using namespace gyre;

namespace {

void write_sounds(const fs::path& folder, int count, std::span<const Gearbox> states) {
  Labels labels;
  for (int i = 0; i < count; i++) {
    Gearbox state = states[static_cast<std::size_t>(i) % states.size()];
    Random random(static_cast<std::uint64_t>(i));
    std::string bytes = encode_wav(record_gearbox(state, random));
    write_file(folder / "sounds" / (std::to_string(i) + ".wav"), bytes);
    labels.of[digest_of(bytes)] = {std::string(name_of(state)), "generator", ""};
  }
  write_file(folder / "labels.json", to_text(labels));
}

Series recording(std::uint64_t seed, double seconds) {
  Random random(seed);
  return record_pump({seconds, 0, 0}, random).readings;
}

}  // namespace

TEST_CASE("sounds: a model of a few sounds tells classes and a score; the same seed gives the same file") {
  TemporaryFolder folder;
  make_folders(folder.path() / "sounds");
  write_sounds(folder.path(), 36, known_gearboxes());
  TrainSounds options;
  options.epochs = 2;
  std::string first;
  for (int turn = 0; turn < 2; turn++) {
    MemoryContext context;
    context.inputs = {{"sounds", folder.path() / "sounds"}, {"labels", folder.path() / "labels.json"}};
    train_sounds(options, context);
    if (turn == 1) CHECK(read_file(context.output("model")) == first);
    first = read_file(context.output("model"));
    Predictor model(context.output("model"));
    CHECK(model.check_golden() == 0);
    CHECK(model.signature().labels == std::vector<std::string>{"healthy", "loose_belt", "worn_bearing"});
    Random random(99);
    Answer answer = model.predict(encode_wav(record_gearbox(Gearbox::healthy, random)), "test.wav");
    CHECK(answer.has_score);
    CHECK(std::isfinite(answer.score));
    CHECK(answer.probabilities[0] + answer.probabilities[1] + answer.probabilities[2] == doctest::Approx(1));
  }
}

TEST_CASE("sounds: one class is nothing to learn, said before any training") {
  TemporaryFolder folder;
  make_folders(folder.path() / "sounds");
  write_sounds(folder.path(), 6, known_gearboxes().first(1));
  MemoryContext context;
  context.inputs = {{"sounds", folder.path() / "sounds"}, {"labels", folder.path() / "labels.json"}};
  CHECK_THROWS_WITH_AS(train_sounds({}, context), doctest::Contains("nothing to tell apart"), Error);
}

TEST_CASE("series: a shock alarms, silence and normal operation do not") {
  TemporaryFolder folder;
  make_folders(folder.path() / "series");
  for (std::uint64_t i = 0; i < 4; i++)
    write_file(folder.path() / "series" / (std::to_string(i) + ".csv"), encode_series(recording(i, 120)));
  MemoryContext context;
  context.inputs = {{"series", folder.path() / "series"}};
  TrainSeries options;
  options.epochs = 6;
  train_series(options, context);
  Predictor model(context.output("model"));
  CHECK(model.check_golden() == 0);
  CHECK(model.signature().columns == pump_columns());
  CHECK(model.signature().rate == 10);

  Series normal = recording(77, 30);
  CHECK_FALSE(model.predict(encode_series(normal), "normal.csv").alarm);
  Series shock = normal;
  std::size_t width = shock.columns.size(), x = shock.get_column("vibration_x", "shock");
  for (std::size_t row = shock.rows() - 20; row < shock.rows(); row++) shock.values[row * width + x] += 8;
  CHECK(model.predict(encode_series(shock), "shock.csv").alarm);
  Series silent = normal;
  for (std::size_t row = 0; row < silent.rows(); row++)
    for (std::size_t c = 1; c < width; c++) silent.values[row * width + c] = std::numeric_limits<double>::quiet_NaN();
  Answer answer = model.predict(encode_series(silent), "silent.csv");
  CHECK(answer.score == 0);
  CHECK_FALSE(answer.alarm);
}

TEST_CASE("life: a worn pump is told to have less time left than a new one") {
  TemporaryFolder folder;
  make_folders(folder.path() / "series");
  for (std::uint64_t i = 0; i < 8; i++) {
    Random random(i);
    write_file(folder.path() / "series" / (std::to_string(i) + ".csv"), encode_series(run_pump_to_failure(random)));
  }
  MemoryContext context;
  context.inputs = {{"series", folder.path() / "series"}};
  TrainLife options;
  options.hold = 0, options.epochs = 8, options.stride = 100;
  train_life(options, context);
  Predictor model(context.output("model"));
  CHECK(model.check_golden() == 0);
  CHECK(model.signature().unit == "s");
  Random random(77);
  Series run = run_pump_to_failure(random), young = run;
  young.values.resize(young.columns.size() * 600);
  double at_end = model.predict(encode_series(run), "end.csv").value;
  double at_start = model.predict(encode_series(young), "start.csv").value;
  CHECK(at_end >= 0);
  CHECK(at_start <= 300);
  CHECK(at_end < at_start / 2);
}
