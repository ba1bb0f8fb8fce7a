#include "base/error.hpp"
#include "model/graph.hpp"
#include "model/quantise.hpp"
#include "tests/fuzz.hpp"

// Any bytes as an ONNX file, for what reads them beside ONNX Runtime.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gyre::with_metadata(bytes, {{"key", "value"}});
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
  return {graph.finish()};
}
