#pragma once
// For unit tests: a model whose answers can be worked out by hand.
#include "media/image.hpp"
#include "model/graph.hpp"

namespace gyre {

// Softmax over the mean of each colour: as good as a net here, and its answers can be worked out by hand.
inline std::string colour_model(float temperature = 64) {
  GraphBuilder graph("colour");
  Signature signature{.takes = "image", .task = "classify", .labels = {"red", "green", "blue"}, .threshold = 2};
  auto pixels = graph.input("pixels", DataType::u8, {1, -1, -1, 3});
  auto mean = graph.node("ReduceMean", {graph.node("Cast", {pixels}, {{"to", std::int64_t{1}}})},
                         {{"axes", std::vector<std::int64_t>{1, 2}}, {"keepdims", std::int64_t{0}}});
  auto logits = graph.node("Div", {mean, graph.constant(temperature)});
  graph.output(graph.node("Softmax", {logits}), "probabilities", DataType::f32, {1, 3});
  auto score =
      graph.node("ReduceMax", {logits}, {{"keepdims", std::int64_t{0}}, {"axes", std::vector<std::int64_t>{1}}});
  graph.output(score, "score", DataType::f32, {1});
  graph.describe(signature, {{"by", "test"}});
  return graph.finish();
}

inline Image flat(int width, int height, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height; i++) image.pixels.insert(image.pixels.end(), {red, green, blue});
  return image;
}

}  // namespace gyre
