#include <doctest/doctest.h>

#include "base/file.hpp"
#include "model/graph.hpp"
#include "model/testing.hpp"
#include "serve/score.hpp"

namespace gyre::testing {

// y = 10 a - b, row by row.
static std::string two_inputs() {
  GraphBuilder graph("two");
  auto a = graph.input("a", DataType::f32, {-1, 2}), b = graph.input("b", DataType::f32, {-1, 2});
  graph.output(graph.node("Sub", {graph.node("Mul", {a, graph.constant(10.0f)}), b}), "y", DataType::f32, {-1, 2});
  return graph.finish();
}

TEST_CASE("score: of several inputs of several columns each has columns of its own") {
  TemporaryFolder folder;
  ScoreOptions options{
      .model = folder.path() / "two.onnx", .data = folder.path() / "rows.csv", .out = folder.path() / "out.csv"};
  write_file(options.model, two_inputs());
  write_file(options.data, "b_1,a_0,a_1,b_0\n4,1,2,3\n");
  CHECK(score(options, {}).rows == 1);
  CHECK(read_file(options.out) == "row,y_0,y_1\n1,7,16\n");
  write_file(options.data, "first,second\n1,2\n");
  CHECK_THROWS_WITH_AS(score(options, {}),
                       (options.data.string() + " has no column \"a_0\", which the model two.onnx takes").c_str(),
                       Error);
}

TEST_CASE("score: pictures of more sizes than memory is planned for are answered all the same") {
  TemporaryFolder folder;
  ScoreOptions options{
      .model = folder.path() / "colour.onnx", .data = folder.path() / "pictures", .out = folder.path() / "out.csv"};
  write_file(options.model, colour_model());
  make_folders(options.data);
  std::string wanted = "file,label,confidence,score\n";
  for (int i = 0; i < 1100; i++) {  // memory is planned for 1,000
    bool blue = i % 3 == 0;
    std::string name = "picture " + std::to_string(1000 + i) + ".png";
    write_file(options.data / name, encode_png(flat(1 + i % 50, 1 + i / 50, 64, 0, blue ? 128 : 0)));
    wanted += name + (blue ? ",blue,0.66524094,2\n" : ",red,0.5761169,1\n");
  }
  CHECK(score(options, {}).rows == 1100);
  CHECK(read_file(options.out) == wanted);
}

}  // namespace gyre::testing
