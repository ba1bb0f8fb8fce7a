#include "model/quantise.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/random.hpp"
#include "model/graph.hpp"
#include "model/onnx/proto.hpp"
#include "model/onnx/ranges.hpp"
#include "model/runtime.hpp"
#include "model/session.hpp"

using namespace gyre;

namespace {

Tensor random_tensor(std::vector<std::int64_t> shape, Random& random, double deviation) {
  Tensor tensor = Tensor::zeros(DataType::f32, std::move(shape));
  for (auto& value : tensor.as<float>()) value = static_cast<float>(random.normal(0, deviation));
  return tensor;
}

// A squeeze net in small: convolutions side by side, a pool, a layer at the end; pixels in, probabilities out.
std::string small_net(bool parts) {
  Random random(7);
  GraphBuilder graph("small");
  auto part = [&](const char* name) {
    if (parts) graph.part(name);
  };
  auto conv = [&](const std::string& x, std::int64_t from, std::int64_t to, std::int64_t size) {
    auto weights =
        graph.constant(random_tensor({to, from, size, size}, random, 1 / std::sqrt(double(from * size * size))));
    auto bias = graph.constant(random_tensor({to}, random, 0.1));
    std::vector<std::int64_t> pads(4, size / 2);
    return graph.node("Relu", {graph.node("Conv", {x, weights, bias}, {{"pads", pads}})});
  };
  part("pre");
  auto pixels = graph.input("pixels", DataType::f32, {1, 3, 16, 16});
  auto x = graph.node("Mul", {pixels, graph.constant(2.0f)});
  part("net");
  x = conv(x, 3, 8, 3);
  x = graph.node("MaxPool", {x},
                 {{"kernel_shape", std::vector<std::int64_t>{2, 2}}, {"strides", std::vector<std::int64_t>{2, 2}}});
  x = graph.node("Concat", {conv(x, 8, 8, 1), conv(x, 8, 8, 3)}, {{"axis", std::int64_t{1}}});
  x = conv(x, 16, 12, 3);
  auto features = graph.node("Flatten", {graph.node("GlobalAveragePool", {x})});
  auto logits = graph.node(
      "Gemm",
      {features, graph.constant(random_tensor({4, 12}, random, 1)), graph.constant(random_tensor({4}, random, 1))},
      {{"transB", std::int64_t{1}}});
  part("post");
  graph.output(graph.node("Softmax", {logits}), "probabilities", DataType::f32, {1, 4});
  auto white = graph.node("MatMul", {features, graph.constant(random_tensor({12, 12}, random, 1))});
  graph.output(white, "white", DataType::f32, {1, 12});
  graph.metadata("kept", "yes");
  return graph.finish();
}

std::vector<Tensor> inputs_of(int count) {
  Random random(3);
  std::vector<Tensor> inputs;
  for (int i = 0; i < count; i++) inputs.push_back(random_tensor({1, 3, 16, 16}, random, 1));
  return inputs;
}

std::string quantised(const std::string& model, const QuantiseOptions& options = {}) {
  Quantiser quantiser(model);
  quantiser.calibrate(inputs_of(30), options, 1, [](std::size_t, std::size_t) {});
  return quantiser.finish(options);
}

// What ONNX Runtime makes of a model: how often each operator is left after its fusions.
std::map<std::string, int> operators_that_run(const std::string& model) {
  TemporaryFolder folder;
  auto path = folder.path() / "optimised.onnx";
  auto& env = onnx_runtime();
  Ort::SessionOptions options;
  options.SetGraphOptimizationLevel(GraphOptimizationLevel::ORT_ENABLE_EXTENDED);
  options.SetOptimizedModelFilePath(path.c_str());
  options.SetLogSeverityLevel(4);
  Ort::Session session(env, model.data(), model.size(), options);
  std::map<std::string, int> counts;
  auto optimised = parse_model(read_file(path));
  for (auto& node : optimised.graph().node()) counts[node.op_type()]++;
  return counts;
}

}  // namespace

TEST_CASE("a quantised model answers nearly the same and is smaller") {
  for (bool parts : {true, false}) {
    auto model = small_net(parts);
    for (QuantiseOptions options :
         {QuantiseOptions{}, QuantiseOptions{.method = "minmax"}, QuantiseOptions{.narrow = true}}) {
      auto small = quantised(model, options);
      CHECK(small == quantised(model, options));
      auto before = Session::from_bytes(model), after = Session::from_bytes(small);
      CHECK(after.metadata().at("kept") == "yes");
      double worst = 0;
      for (auto& input : inputs_of(40)) {
        auto want = before.run({input}), got = after.run({input});
        worst = std::max(worst, largest_difference(got[0], want[0]));
        CHECK(got[0].bytes != want[0].bytes);  // it is another computation
      }
      CHECK(worst < 0.05);
    }
  }
}

TEST_CASE("ONNX Runtime computes the quantised net in integers") {
  for (bool parts : {true, false}) {
    auto counts = operators_that_run(quantised(small_net(parts)));
    CHECK(counts["QLinearConv"] == 4);
    CHECK(counts["Conv"] == 0);
    CHECK(counts["Relu"] == 0);
    CHECK(counts["QLinearConcat"] == 1);
    CHECK(counts["QGemm"] == 1);
    CHECK(counts["Gemm"] == 0);
    CHECK(counts["MatMul"] == 1);  // after the net
  }
}

TEST_CASE("a model without a net to quantise is refused") {
  GraphBuilder graph("none");
  graph.output(graph.node("Neg", {graph.input("x", DataType::f32, {1})}), "y", DataType::f32, {1});
  CHECK_THROWS_AS(Quantiser(graph.finish()), Error);
}

TEST_CASE("a range keeps zero exact and may leave outliers out") {
  Range range;
  std::vector<float> values;
  for (int i = 0; i < 100000; i++) values.push_back(static_cast<float>(i) / 100000);
  values.push_back(100);
  range.see_ends(values);
  range.see(values);
  CHECK(range.scale(100).step == doctest::Approx(100.0 / 255));
  CHECK(range.scale(99.9).step < 2.0 / 255);
  CHECK(range.scale(99.9).zero == 0);
  Range both;
  std::vector<float> around{-1, 3};
  both.see_ends(around);
  CHECK(both.scale(100).zero == 64);
  CHECK(Range().scale(99).step == 1);
}
