"""trees.py FOLDER ROWS: trees.onnx, a boosted ensemble of 100 trees of depth 6 over 10 columns, and rows.csv."""
import pathlib, sys

import numpy as np
import onnx
from onnx import TensorProto, helper

folder, rows = pathlib.Path(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(1)
trees, depth, columns = 100, 6, 10
inner, leaves = 2**depth - 1, 2**depth
nodes = {name: [] for name in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")}
leaf = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
for tree in range(trees):
    for node in range(inner + leaves):
        split = node < inner
        row = (tree, node, int(random.integers(columns)) if split else 0, "BRANCH_LEQ" if split else "LEAF",
               float(random.random()) if split else 0.0, 2 * node + 1 if split else 0, 2 * node + 2 if split else 0)
        for name, value in zip(nodes, row):
            nodes[name].append(value)
        if not split:
            for name, value in zip(leaf, (tree, node, 0, float(random.standard_normal() * 0.1))):
                leaf[name].append(value)
ensemble = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, post_transform="NONE",
                            **{f"nodes_{name}": value for name, value in nodes.items()}, **{f"target_{name}": value for name, value in leaf.items()})
graph = helper.make_graph([ensemble], "trees", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", columns])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8), folder / "trees.onnx")
piece = "".join(",".join(f"{value:.6f}" for value in row) + "\n" for row in random.random((20_000, columns)))
with open(folder / "rows.csv", "w") as file:
    file.write(",".join(f"c{i}" for i in range(columns)) + "\n")
    for _ in range(rows // 20_000):
        file.write(piece)
