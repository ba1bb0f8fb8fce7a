"""models.py FOLDER: double.onnx (y = 2 x), mixed.onnx (texts and whole numbers), types.onnx (small types as they are), repository/half/{1,2} (x / 2, x / 4)."""
import pathlib, sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])


def save(path, nodes, takes, gives, constants=()):
    info = lambda row: helper.make_tensor_value_info(row[0], row[1], ["n", row[2]])
    graph = helper.make_graph(nodes, path.stem, [info(row) for row in takes], [info(row) for row in gives], list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


save(folder / "double.onnx", [helper.make_node("Add", ["x", "x"], ["y"])], [("x", TensorProto.FLOAT, 3)], [("y", TensorProto.FLOAT, 3)])
save(folder / "mixed.onnx", [helper.make_node("Identity", ["text"], ["text_out"]), helper.make_node("Add", ["number", "number"], ["number_out"])],
     [("text", TensorProto.STRING, 1), ("number", TensorProto.INT64, 2)], [("text_out", TensorProto.STRING, 1), ("number_out", TensorProto.INT64, 2)])
small = {"half": TensorProto.FLOAT16, "brain": TensorProto.BFLOAT16, "flag": TensorProto.BOOL, "small": TensorProto.UINT8}
save(folder / "types.onnx", [helper.make_node("Identity", [name], [f"{name}_out"]) for name in small],
     [(name, type, 2) for name, type in small.items()], [(f"{name}_out", type, 2) for name, type in small.items()])
for version in (1, 2):
    by = numpy_helper.from_array(np.array(0.5**version, np.float32), "by")
    save(folder / "repository" / "half" / str(version) / "model.onnx", [helper.make_node("Mul", ["x", "by"], ["y"])],
         [("x", TensorProto.FLOAT, 3)], [("y", TensorProto.FLOAT, 3)], [by])
