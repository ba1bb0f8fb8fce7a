#include "model/predict.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.hpp"
#include "base/file.hpp"
#include "media/sound.hpp"
#include "model/testing.hpp"

using namespace gyre;

namespace {

std::string loudness_model() {
  GraphBuilder graph("loudness");
  Signature signature{.takes = "sound", .rate = 8000, .samples = 4000, .task = "anomaly", .threshold = 0.5};
  auto sound = graph.input("sound", DataType::f32, {1, 4000});
  auto loudest = graph.node("ReduceMax", {graph.node("Abs", {sound})},
                            {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t{0}}});
  graph.output(loudest, "score", DataType::f32, {1});
  graph.describe(signature, {});
  return graph.finish();
}

// The largest reading that is not missing, of three steps and two columns.
std::string largest_model() {
  GraphBuilder graph("largest");
  Signature signature{
      .takes = "series", .rate = 10, .samples = 3, .columns = {"flow", "Temp"}, .task = "regress", .unit = "bar"};
  auto window = graph.input("window", DataType::f32, {1, 3, 2});
  auto known = graph.node("Where", {graph.node("IsNaN", {window}), graph.constant(-1.0f), window});
  auto largest =
      graph.node("ReduceMax", {known}, {{"axes", std::vector<std::int64_t>{1, 2}}, {"keepdims", std::int64_t{0}}});
  graph.output(largest, "value", DataType::f32, {1});
  graph.describe(signature, {});
  return graph.finish();
}

struct Saved {
  explicit Saved(const std::string& bytes) { write_file(path, bytes); }
  TemporaryFolder folder;
  fs::path path = folder.path() / "model.onnx";
};

std::string refused(const Predictor& predictor, std::string_view bytes) {
  try {
    predictor.predict(bytes, "x");
  } catch (const Error& error) {
    return error.text();
  }
  return "taken";
}

}  // namespace

TEST_CASE("a picture gives a label, its confidence and a score, the same bits each time") {
  Saved model(colour_model());
  Predictor predictor(model.path);
  auto png = encode_png(flat(5, 4, 0, 64, 128));
  Answer answer = predictor.predict(png, "blue.png");
  CHECK(answer.label == "blue");
  double sum = 1 + std::exp(1) + std::exp(2);
  CHECK(answer.confidence == doctest::Approx(std::exp(2) / sum));
  CHECK(answer.probabilities[0] == doctest::Approx(1 / sum));
  CHECK(answer.score == 2);
  CHECK(answer.alarm);  // at the threshold
  auto text = canonical(answer.to_json(predictor.signature()));
  for (int i = 0; i < 20; i++) CHECK(canonical(predictor.predict(png, "again").to_json(predictor.signature())) == text);
  CHECK(canonical(Predictor(model.path).predict(png, "new session").to_json(predictor.signature())) == text);
}

TEST_CASE("answers are written with the shortest digits of a float") {
  Signature signature{.takes = "image", .task = "regress", .unit = "h"};
  Answer answer;
  answer.value = 0.1f;
  auto json = answer.to_json(signature);
  CHECK(json.at("value").as_double() == 0.1);
  CHECK(json.at("unit") == "h");
  CHECK(!json.contains("score"));
  CHECK(!json.contains("notes"));
}

TEST_CASE("a sound is resampled, cut and filled up, and the answer says so") {
  Saved model(loudness_model());
  Predictor predictor(model.path);
  Sound sound{8000, std::vector<float>(4000, 0.25f)};
  CHECK(predictor.predict(encode_wav(sound), "a").notes.empty());
  CHECK(!predictor.predict(encode_wav(sound), "a").alarm);
  sound.samples.resize(6000, 0.75f);
  Answer cut = predictor.predict(encode_wav(sound), "b");
  CHECK(!cut.alarm);  // what is loud was cut
  CHECK(cut.notes == std::vector<std::string>{"cut from 0.75 s to 0.50 s"});
  sound.samples.assign(2000, 0.75f);
  Answer filled = predictor.predict(encode_wav(sound), "c");
  CHECK(filled.alarm);
  CHECK(filled.notes == std::vector<std::string>{"filled up with silence from 0.25 s to 0.50 s"});
  Answer other = predictor.predict(encode_wav({16000, std::vector<float>(8000, 0.25f)}), "d");
  REQUIRE(!other.notes.empty());
  CHECK(other.notes[0] == "resampled from 16000 Hz to 8000 Hz");
}

TEST_CASE("a series is taken by the names of its columns; longer and shorter ones are said") {
  Saved model(largest_model());
  Predictor predictor(model.path);
  auto value = [&](std::string_view csv) { return predictor.predict(csv, "t").value; };
  CHECK(value("time,TEMP,flow\n1,2,3\n2,4,5\n3,,1\n") == 5);
  CHECK(value("flow,Temp\n1,2\n3,4\n1,1\n") == 4);
  Answer longer = predictor.predict("flow,Temp\n9,9\n1,1\n1,1\n2,1\n", "t");
  CHECK(longer.value == 2);
  CHECK(longer.notes == std::vector<std::string>{"the last 3 of 4 rows"});
  Answer shorter = predictor.predict("flow,Temp\n,7\n", "t");
  CHECK(shorter.value == 7);
  CHECK(shorter.notes == std::vector<std::string>{"1 rows of 3: those before are missing"});
  CHECK(refused(predictor, "flow\n1\n") == "x has no column \"Temp\"");
  CHECK(refused(predictor, "flow,Temp\n1,hot\n") == "x:2: column \"Temp\": \"hot\" is no number");
  CHECK(refused(predictor, "flow,Temp\n1,1e300\n") == "x: column \"Temp\": a reading is out of range");
  CHECK(refused(predictor, "flow,Temp\n") == "x: has a header but no rows");
}

TEST_CASE("golden answers are checked") {
  auto bytes = colour_model();
  auto session = Session::from_bytes(bytes);
  Image image = flat(3, 2, 10, 200, 30);
  Tensor pixels = Tensor::zeros(DataType::u8, {1, 2, 3, 3});
  std::copy_n(reinterpret_cast<const std::byte*>(image.pixels.data()), pixels.bytes.size(), pixels.bytes.data());
  Golden golden{{pixels}, session.run({pixels})};
  Saved right(with_metadata(bytes, {{"gyre.golden", pack_golden({golden})}}));
  CHECK(Predictor(right.path).check_golden() == 0);
  CHECK(Predictor(right.path).golden_tolerance() == 1e-4);
  golden.outputs[0].as<float>()[1] += 0.25f;
  Saved wrong(with_metadata(bytes, {{"gyre.golden", pack_golden({golden})}, {"gyre.tolerance", "0.01"}}));
  CHECK(Predictor(wrong.path).check_golden() == doctest::Approx(0.25).epsilon(0.3));
  CHECK(Predictor(wrong.path).golden_tolerance() == 0.01);
  CHECK_THROWS_WITH_AS(Predictor(Saved(bytes).path).check_golden(), "the model has no golden answers inside", Error);
}

TEST_CASE("a model that does not say what it takes, or says it wrongly, is refused") {
  GraphBuilder graph("silent");
  graph.output(graph.node("Neg", {graph.input("x", DataType::f32, {1})}), "y", DataType::f32, {1});
  auto bytes = graph.finish();
  CHECK_THROWS_AS(Predictor(Saved(bytes).path), Error);
  Saved other(with_metadata(bytes, {{"gyre.signature", R"({"takes":"image","task":"anomaly"})"}}));
  CHECK_THROWS_WITH_AS(Predictor(other.path),
                       (other.path.string() + ": says that it takes one image, but its inputs are others").c_str(),
                       Error);
}
