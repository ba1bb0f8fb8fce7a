#include "learn/boosting/trees.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.hpp"
#include "model/session.hpp"

using namespace gyre;

TEST_CASE("sums far from 0 come out of ONNX as exact as floats can tell them") {
  Random random(3);
  TreeEnsemble trees(1, 1, Link::none);
  trees.add_base(0, -3e6);
  for (int t = 0; t < 200; t++) {
    Tree tree;
    tree.nodes.resize(3);
    tree.nodes[0].feature = 0, tree.nodes[0].threshold = static_cast<float>(random.uniform(-1, 1));
    tree.nodes[0].left = 1, tree.nodes[0].right = 2;
    tree.nodes[1].value = 15e3 + random.normal(), tree.nodes[2].value = 15e3 + random.normal();
    trees.add(std::move(tree));
  }
  Matrix rows(50, 1);
  for (float& value : rows.values) value = static_cast<float>(random.uniform(-1, 1));
  auto expected = trees.predict(rows, 1);
  GraphBuilder graph("trees");
  std::string answers = trees.export_to(graph, graph.input("x", DataType::f32, {-1, 1}));
  graph.output(answers, "value", DataType::f32, {-1, 1});
  auto given = Session::from_bytes(graph.finish(), 1).run({Tensor::floats({50, 1}, rows.values)}).at(0);
  for (std::size_t i = 0; i < 50; i++) CHECK(std::abs(given.as<float>()[i] - expected[i]) < 1e-4);
}
