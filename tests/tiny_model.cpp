// gyre-tiny-model bright|level|rows FILE [SCALE] [wrong]: models of a few nodes for tests that need a real one.
// `bright` tells dark from bright pictures, `level` scores the mean of the columns flow and heat over 4 rows, `rows`
// gives SCALE times each row of three numbers; SCALE makes versions differ; `wrong` stores golden answers that the
// model does not give.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/file.hpp"
#include "model/graph.hpp"
#include "model/session.hpp"

using namespace gyre;

static std::string bright(float scale) {
  GraphBuilder graph("bright");
  auto pixels = graph.input("image", DataType::u8, {1, -1, -1, 3});
  auto mean = graph.node("ReduceMean", {graph.node("Cast", {pixels}, {{"to", std::int64_t{1}}})},
                         {{"axes", std::vector<std::int64_t>{1, 2, 3}}, {"keepdims", std::int64_t{0}}});
  auto side = graph.node("Mul", {graph.node("Sub", {mean, graph.constant(128.0f)}), graph.constant(scale / 32)});
  auto column = graph.node("Unsqueeze", {side, graph.constant(std::vector<std::int64_t>{1})});
  auto both = graph.node("Concat", {graph.node("Neg", {column}), column}, {{"axis", std::int64_t{1}}});
  graph.output(graph.node("Softmax", {both}, {{"axis", std::int64_t{1}}}), "probabilities", DataType::f32, {1, 2});
  graph.describe({.takes = "image", .task = "classify", .labels = {"dark", "bright"}, .about = "dark or bright"}, {});
  return graph.finish();
}

static std::string level(float scale) {
  GraphBuilder graph("level");
  auto readings = graph.input("series", DataType::f32, {1, 4, 2});
  auto mean =
      graph.node("ReduceMean", {readings}, {{"axes", std::vector<std::int64_t>{1, 2}}, {"keepdims", std::int64_t{0}}});
  graph.output(graph.node("Mul", {mean, graph.constant(scale)}), "score", DataType::f32, {1});
  graph.describe({.takes = "series",
                  .rate = 1,
                  .samples = 4,
                  .columns = {"flow", "heat"},
                  .task = "anomaly",
                  .threshold = 10,
                  .about = "mean level"},
                 {});
  return graph.finish();
}

static std::string rows(float scale) {
  GraphBuilder graph("rows");
  auto x = graph.input("x", DataType::f32, {-1, 3});
  graph.output(graph.node("Mul", {x, graph.constant(scale)}), "y", DataType::f32, {-1, 3});
  return graph.finish();
}

int main(int count, char** words) {
  if (count < 3) return std::fputs("usage: gyre-tiny-model bright|level|rows FILE [SCALE] [wrong]\n", stderr), 2;
  bool picture = std::strcmp(words[1], "bright") == 0;
  float scale = count > 3 ? std::strtof(words[3], nullptr) : 1.0f;
  if (std::strcmp(words[1], "rows") == 0) return write_file(words[2], rows(scale)), 0;
  std::string model = picture ? bright(scale) : level(scale);
  Golden golden;
  if (picture) {
    Tensor input = Tensor::zeros(DataType::u8, {1, 4, 4, 3});
    for (std::size_t i = 0; i < input.bytes.size(); i++) input.bytes[i] = static_cast<std::byte>(i * 5);
    golden.inputs = {input};
  } else {
    float values[] = {1, 2, 3, 4, 5, 6, 7, 8};
    golden.inputs = {Tensor::floats({1, 4, 2}, values)};
  }
  golden.outputs = Session::from_bytes(model).run(golden.inputs);
  if (count > 4) golden.outputs[0].as<float>()[0] += 0.5f;
  write_file(words[2], with_metadata(model, {{"gyre.golden", pack_golden({golden})}}));
}
