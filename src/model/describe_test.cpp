#include "model/describe.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "model/testing.hpp"

using namespace gyre;

namespace {

struct Made {
  explicit Made(bool right) {
    auto bytes = colour_model();
    Tensor pixels = Tensor::zeros(DataType::u8, {1, 1, 1, 3});
    Golden golden{{pixels}, Session::from_bytes(bytes).run({pixels})};
    if (!right) golden.outputs[0].as<float>()[0] += 0.1f;
    write_file(path, with_metadata(bytes, {{"gyre.golden", pack_golden({golden})}}));
  }
  TemporaryFolder folder;
  fs::path path = folder.path() / "model.onnx";
};

}  // namespace

TEST_CASE("a model is told in words") {
  Made made(true);
  auto description = describe_model(made.path);
  auto words = in_words(description);
  CHECK(words.find("takes   a picture (JPEG, PNG) of any size\n") != std::string::npos);
  CHECK(words.find("gives   one of 3 labels, with a probability for each: red, green, blue\n") != std::string::npos);
  CHECK(words.find("        a score of how unusual the input is; alarm from 2\n") != std::string::npos);
  CHECK(words.find("by: test") != std::string::npos);
  CHECK(words.find("golden  1 examples, largest difference here 0: right\n") != std::string::npos);
  CHECK(description.at("inputs").at(0).at("name") == "pixels");
  CHECK(canonical(check_model(made.path)) == canonical(description));
}

TEST_CASE("a model that answers otherwise than when it was made is no model to rely on") {
  Made made(false);
  CHECK(in_words(describe_model(made.path)).find("WRONG, 0.0001 is allowed") != std::string::npos);
  CHECK_THROWS_AS(check_model(made.path), Error);
  write_file(made.path, colour_model());
  CHECK(in_words(describe_model(made.path)).find("golden  no examples inside") != std::string::npos);
  CHECK_THROWS_AS(check_model(made.path), Error);
}

TEST_CASE("answers are told in a line") {
  Signature classify{.takes = "sound", .rate = 10, .samples = 10, .task = "classify", .labels = {"a", "b"}};
  Answer answer;
  answer.label = "b";
  answer.confidence = 0.75;
  CHECK(in_words(answer, classify) == "b  75.0 %");
  answer.has_score = answer.alarm = true;
  answer.score = 2.5;
  answer.notes = {"resampled", "cut"};
  CHECK(in_words(answer, classify) == "b  75.0 %  score 2.5  ALARM  (resampled, cut)");
  Signature regress{.takes = "image", .task = "regress", .unit = "h"};
  Answer life;
  life.value = 12.5;
  CHECK(in_words(life, regress) == "12.5 h");
}
