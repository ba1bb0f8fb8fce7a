#include "model/graph.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.hpp"
#include "model/session.hpp"

using namespace gyre;

TEST_CASE("a graph that is built runs, and says what was written into it") {
  GraphBuilder graph("twice");
  auto x = graph.input("x", DataType::f32, {1, -1});
  graph.output(graph.node("Mul", {x, graph.constant(2.0f)}), "y", DataType::f32, {1, -1});
  graph.metadata("colour", "green");
  auto session = Session::from_bytes(graph.finish());
  CHECK(session.metadata().at("colour") == "green");
  REQUIRE(session.inputs().size() == 1);
  CHECK(session.inputs()[0].name == "x");
  CHECK(session.inputs()[0].shape == std::vector<std::int64_t>{1, -1});
  CHECK(session.outputs()[0].name == "y");
  float values[] = {1, -2, 0.5f};
  auto out = session.run({Tensor::floats({1, 3}, values)});
  CHECK(out[0].shape == std::vector<std::int64_t>{1, 3});
  CHECK(out[0].as<float>()[1] == -4);
}

TEST_CASE("an output may be an input, a constant, or given twice") {
  GraphBuilder graph("same");
  auto x = graph.input("x", DataType::f32, {1});
  auto y = graph.node("Neg", {x});
  graph.output(x, "copy", DataType::f32, {1});
  graph.output(y, "a", DataType::f32, {1});
  graph.output(y, "b", DataType::f32, {1});
  float value = 3;
  auto out = Session::from_bytes(graph.finish()).run({Tensor::floats({1}, std::span(&value, 1))});
  CHECK(out[0].as<float>()[0] == 3);
  CHECK(out[1].as<float>()[0] == -3);
  CHECK(out[2].as<float>()[0] == -3);
}

TEST_CASE("attributes of every kind and several outputs") {
  GraphBuilder graph("kinds");
  auto x = graph.input("x", DataType::f32, {1, 4});
  auto halves = graph.node("Split", {x}, {{"axis", std::int64_t{1}}}, 2);
  auto left = graph.node("LeakyRelu", {halves}, {{"alpha", 0.5f}});
  auto right = graph.node("ReduceMax", {halves + "_1"}, {{"axes", std::vector<std::int64_t>{1}}});
  graph.output(left, "left", DataType::f32, {1, 2});
  graph.output(right, "right", DataType::f32, {1, 1});
  float values[] = {-2, 2, 5, 7};
  auto out = Session::from_bytes(graph.finish()).run({Tensor::floats({1, 4}, values)});
  CHECK(out[0].as<float>()[0] == -1);
  CHECK(out[1].as<float>()[0] == 7);
}

TEST_CASE("mistakes of whoever builds a graph are named") {
  GraphBuilder graph("wrong");
  auto x = graph.input("x", DataType::f32, {1});
  CHECK_THROWS_WITH_AS(graph.node("Add", {x, "nowhere"}),
                       "Add_1 uses the value \"nowhere\", which the graph does not have yet", Error);
  CHECK_THROWS_WITH_AS(graph.input("x", DataType::f32, {1}), "the graph has two values named \"x\"", Error);
  CHECK_THROWS_AS(graph.finish(), Error);
}

TEST_CASE("metadata of a finished file is set, and set again") {
  GraphBuilder graph("m");
  graph.output(graph.node("Neg", {graph.input("x", DataType::f32, {1})}), "y", DataType::f32, {1});
  auto once = with_metadata(graph.finish(), {{"a", "1"}, {"b", "2"}});
  auto twice = with_metadata(once, {{"a", "3"}});
  auto session = Session::from_bytes(twice);
  CHECK(session.metadata() == std::map<std::string, std::string>{{"a", "3"}, {"b", "2"}});
  CHECK_THROWS_AS(with_metadata("no model", {{"a", "1"}}), Error);
}

TEST_CASE("the same building gives the same bytes") {
  auto build = [] {
    GraphBuilder graph("g");
    auto x = graph.input("x", DataType::f32, {1, 2});
    graph.output(graph.node("Clip", {x, graph.constant(0.0f), graph.constant(1.0f)}), "y", DataType::f32, {1, 2});
    return graph.finish();
  };
  CHECK(build() == build());
}

TEST_CASE("a session refuses what does not fit, by name") {
  GraphBuilder graph("fit");
  graph.output(graph.node("Neg", {graph.input("x", DataType::f32, {1, 2})}), "y", DataType::f32, {1, 2});
  auto session = Session::from_bytes(graph.finish());
  CHECK_THROWS_WITH_AS(session.run({Tensor::zeros(DataType::u8, {1, 2})}),
                       "the model's input \"x\" takes f32 [1, 2], not u8 [1, 2]", Error);
  CHECK_THROWS_WITH_AS(session.run({Tensor::zeros(DataType::f32, {1, 3})}),
                       "the model's input \"x\" takes f32 [1, 2], not f32 [1, 3]", Error);
  CHECK_THROWS_WITH_AS(session.run({}), "the model takes 1 inputs, not 0", Error);
  CHECK_THROWS_AS(Session::from_bytes("no model"), Error);
  CHECK_THROWS_AS(Session(std::filesystem::path("/nowhere/model.onnx")), Error);
}

TEST_CASE("texts go in and come out") {
  GraphBuilder graph("texts");
  graph.output(graph.node("Identity", {graph.input("x", DataType::text, {2})}), "y", DataType::text, {2});
  Tensor tensor = Tensor::zeros(DataType::text, {2});
  tensor.texts = {"", "gr\xc3\xbc\xc3\x9f"};
  CHECK(Session::from_bytes(graph.finish()).run({tensor})[0].texts == tensor.texts);
}

TEST_CASE("what is computed twice is there once") {
  GraphBuilder graph("once");
  auto x = graph.input("x", DataType::f32, {1});
  auto cast = [&](std::int64_t type) { return graph.node("Cast", {x}, {{"to", type}}); };
  CHECK(graph.constant(2.0f) == graph.constant(2.0f));
  CHECK(graph.constant(2.0f) != graph.constant(3.0f));
  CHECK(cast(11) == cast(11));
  CHECK(cast(11) != cast(7));
  auto doubled = graph.node("Mul", {x, graph.constant(2.0f)});
  CHECK(doubled == graph.node("Mul", {x, graph.constant(2.0f)}));
  graph.part("net");
  CHECK(doubled != graph.node("Mul", {x, graph.constant(2.0f)}));
  for (std::string name : {"a", "b", "c"}) graph.output(doubled, name, DataType::f32, {1});
  float value = 3;
  auto out = Session::from_bytes(graph.finish()).run({Tensor::floats({1}, std::span(&value, 1))});
  for (auto& one : out) CHECK(one.as<float>()[0] == 6);
}
