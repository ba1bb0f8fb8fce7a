"""models.py FOLDER: mlp.onnx (32-64-10) and squeezenet.onnx (SqueezeNet 1.1, 224 x 224), with weights that nobody trained."""
import pathlib, sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
random = np.random.default_rng(1)


class Graph:
    def __init__(self, name):
        self.name, self.nodes, self.weights = name, [], []

    def weight(self, *shape):
        name = f"w{len(self.weights)}"
        scale = np.sqrt(2 / max(1, int(np.prod(shape[1:])))) if len(shape) > 1 else 0
        self.weights.append(numpy_helper.from_array((random.standard_normal(shape) * scale).astype(np.float32), name))
        return name

    def node(self, kind, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def save(self, result, takes, gives):
        self.node_as(result, "y")
        info = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])
        graph = helper.make_graph(self.nodes, self.name, [info("x", takes)], [info("y", gives)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"{self.name}.onnx")

    def node_as(self, value, name):
        self.nodes.append(helper.make_node("Identity", [value], [name]))


mlp = Graph("mlp")
hidden = mlp.node("Relu", mlp.node("Gemm", "x", mlp.weight(32, 64), mlp.weight(64)))
mlp.save(mlp.node("Softmax", mlp.node("Gemm", hidden, mlp.weight(64, 10), mlp.weight(10))), [32], [10])

net = Graph("squeezenet")


def conv(value, inputs, outputs, size, **attributes):
    return net.node("Relu", net.node("Conv", value, net.weight(outputs, inputs, size, size), net.weight(outputs), **attributes))


def fire(value, inputs, squeeze, expand):
    value = conv(value, inputs, squeeze, 1)
    return net.node("Concat", conv(value, squeeze, expand, 1), conv(value, squeeze, expand, 3, pads=[1, 1, 1, 1]), axis=1)


def pool(value):
    return net.node("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)


value = pool(conv("x", 3, 64, 3, strides=[2, 2]))
value = pool(fire(fire(value, 64, 16, 64), 128, 16, 64))
value = pool(fire(fire(value, 128, 32, 128), 256, 32, 128))
for inputs, squeeze, expand in ((256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)):
    value = fire(value, inputs, squeeze, expand)
value = net.node("Flatten", net.node("GlobalAveragePool", conv(value, 512, 1000, 1)))
net.save(net.node("Softmax", value), [3, 224, 224], [1000])
