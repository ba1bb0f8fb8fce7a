#include "base/error.hpp"
#include "model/graph.hpp"
#include "model/own_operators.hpp"
#include "model/quantise.hpp"
#include "tests/fuzz.hpp"

// Any bytes as an ONNX file, for what reads them beside ONNX Runtime.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gyre::with_metadata(bytes, {{"key", "value"}});
    gyre::with_own_operators(bytes);
    gyre::Quantiser quantiser(bytes);
  } catch (const gyre::Error&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  gyre::GraphBuilder graph("seed");
  auto x = graph.input("x", gyre::DataType::f32, {1, 4});
  auto weights = graph.constant(gyre::Tensor::zeros(gyre::DataType::f32, {4, 2}));
  graph.output(graph.node("MatMul", {x, weights}), "y", gyre::DataType::f32, {1, 2});
  gyre::GraphBuilder pictures("pictures");
  auto value = pictures.input("image", gyre::DataType::u8, {1, -1, -1, 3});
  value = pictures.node("Cast", {value}, {{"to", std::int64_t{1}}});
  value = pictures.node("Transpose", {value}, {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}});
  auto numbers = pictures.constant(gyre::Tensor::zeros(gyre::DataType::f32, {1, 3, 1, 1}));
  auto sizes = pictures.constant(std::vector<std::int64_t>{1, 3, 4, 5});
  value = pictures.node("Resize", {value, "", "", sizes}, {{"mode", std::string("linear")}});
  value = pictures.node("Add", {pictures.node("Mul", {value, numbers}), numbers});
  pictures.output(value, "y", gyre::DataType::f32, {1, 3, 4, 5});
  pictures.metadata("gyre.signature", "{}");
  return {graph.finish(), pictures.finish()};
}
