#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "base/memory_context.hpp"
#include "data/labels.hpp"
#include "learn/evaluation.hpp"
#include "model/sketch.hpp"
#include "model/testing.hpp"

using namespace gyre;

namespace {

// Twelve pictures: eight reds and four greens, two of them labelled blue.
struct Colours {
  Colours() {
    make_folders(folder.path() / "frames");
    Labels labels;
    for (int i = 0; i < 12; i++) {
      bool green = i >= 8;
      auto png = encode_png(flat(4, 4, green ? 0 : 200 + i, green ? 200 + i : 0, 0));
      auto name = std::string(green ? "green" : "red") + std::to_string(100 + i) + ".png";
      write_file(folder.path() / "frames" / name, png);
      labels.of[digest_of(png)] = {i >= 10 ? "blue" : green ? "green" : "red", "test", ""};
    }
    write_file(folder.path() / "labels.json", to_text(labels));
    write_file(folder.path() / "model.onnx", colour_model());
    context.inputs = {{"model", folder.path() / "model.onnx"},
                      {"data", folder.path() / "frames"},
                      {"labels", folder.path() / "labels.json"}};
  }
  json::value run(const json::object& options = {{"part", "all"}}) {
    get_step("evaluate").run(options, context);
    return read_json_file(context.output("report"));
  }
  TemporaryFolder folder;
  MemoryContext context;
};

}  // namespace

TEST_CASE("a model is judged on labelled samples") {
  Colours colours;
  auto report = colours.run();
  CHECK(get_int(report, "samples") == 12);
  CHECK(get_number(report, "accuracy") == doctest::Approx(10.0 / 12));
  CHECK(report.at("confusion").at(2).at(1) == 2);  // blue taken for green
  CHECK(colours.context.metrics.at("accuracy")[0] == doctest::Approx(10.0 / 12));
  CHECK(colours.context.metrics.at("p50_ms")[0] > 0);
  json::value all = read_json_file(colours.context.output("answers"));
  auto& answers = all.as_array();
  REQUIRE(answers.size() == 12);
  CHECK(get_string(answers[0], "name") == "green108.png");
  CHECK(get_string(answers[11], "name") == "red107.png");
  auto sketch = Sketch::from_json(read_json_file(colours.context.output("sketch")));
  CHECK(sketch.count == 12);
  CHECK(sketch.labels.at("red") == 8);
}

TEST_CASE("an evaluation is the same bytes on any number of threads, and the same answers as predict") {
  Colours colours;
  colours.run();
  auto report = read_file(colours.context.output("report")), answers = read_file(colours.context.output("answers")),
       sketch = read_file(colours.context.output("sketch"));
  colours.context.cores = 4;
  colours.run();
  CHECK(read_file(colours.context.output("report")) == report);
  CHECK(read_file(colours.context.output("answers")) == answers);
  CHECK(read_file(colours.context.output("sketch")) == sketch);
  Predictor predictor(colours.context.input("model"));
  auto all = parse_json(answers, "answers");
  for (auto& one : all.as_array()) {
    auto name = get_string(one, "name");
    auto answer = predictor.predict(read_file(colours.context.input("data") / name), name);
    CHECK(canonical(answer.to_json(predictor.signature())) == canonical(one.at("answer")));
  }
}

TEST_CASE("a corrupt sample, a stop and a model of other labels end an evaluation") {
  Colours colours;
  write_file(colours.folder.path() / "other.json", to_text([] {
               Labels labels;
               labels.declare("apple");
               return labels;
             }()));
  colours.context.inputs["labels"] = colours.folder.path() / "other.json";
  CHECK_THROWS_AS(colours.run(), Error);
  colours.context.inputs["labels"] = colours.folder.path() / "labels.json";
  colours.context.stop = [] { return true; };
  CHECK_THROWS_AS(colours.run(), Error);
}

TEST_CASE("the gate") {
  MemoryContext context;
  TemporaryFolder folder;
  auto report = [&](const char* port, double accuracy, double champion) {
    json::object value{{"accuracy", accuracy}};
    if (champion >= 0) value["champion"] = {{"accuracy", champion}};
    write_file(folder.path() / port, canonical(value));
    context.inputs[port] = folder.path() / port;
  };
  auto passed = [&](json::object options) {
    options["stop"] = false;
    get_step("gate").run(options, context);
    return get_bool(read_json_file(context.output("verdict")), "passed");
  };
  report("report", 0.9, -1);
  CHECK(passed({}));
  CHECK(passed({{"accuracy", 0.9}}));
  CHECK(!passed({{"accuracy", 0.91}}));
  CHECK(!passed({{"better", 0.01}}));  // than whom?
  report("report", 0.97, 0.98);
  report("second", 0.96, 0.7);
  CHECK(!passed({}));
  CHECK(passed({{"worse", 0.02}}));
  CHECK(passed({{"worse", 0.02}, {"better", 0.2}}));
  CHECK(!passed({{"worse", 0.02}, {"better", 0.3}}));
  CHECK_THROWS_WITH_AS(get_step("gate").run({}, context),
                       "the gate is closed: report: accuracy fell from 98.00 % to 97.00 %", Error);
}
