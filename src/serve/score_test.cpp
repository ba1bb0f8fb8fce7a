#include <doctest/doctest.h>

#include "base/file.hpp"
#include "model/graph.hpp"
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

}  // namespace gyre::testing
