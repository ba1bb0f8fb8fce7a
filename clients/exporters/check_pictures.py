"""Picture models in the forms that exporters write. usage: check_pictures.py GYRE"""
import json, pathlib, subprocess, sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

random = np.random.default_rng(5)


def gyre(*words, ok=True):
    done = subprocess.run([sys.argv[1], *words], capture_output=True, text=True)
    assert (done.returncode == 0) == ok, (words, done.stderr)
    return done.stdout if ok else done.stderr


def save(name, nodes, takes, gives, constants, opset=17):
    info = lambda one: helper.make_tensor_value_info(*one)
    graph = helper.make_graph(nodes, "g", [info(takes)], [info(gives)], [numpy_helper.from_array(value, key) for key, value in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), name)


def answers(model, *files):
    return [json.loads(line)["answer"] for line in gyre("--json", "predict", model, *files).splitlines()]


for name, colour in (("red", (250, 20, 20)), ("green", (20, 250, 20)), ("blue", (20, 20, 250))):
    Image.new("RGB", (90, 60), colour).save(f"{name}.png")
names = ["red.png", "green.png", "blue.png"]

# As tf2onnx writes it: channels last, turned round in front of the convolution, logits out.
eye = (np.eye(3, dtype=np.float32) * 9).reshape(3, 3, 1, 1)
net = [helper.make_node("Conv", ["t", "w"], ["c"]), helper.make_node("GlobalAveragePool", ["c"], ["p"]), helper.make_node("Flatten", ["p"], ["logits"])]
save("last.onnx", [helper.make_node("Transpose", ["input_1"], ["t"], perm=[0, 3, 1, 2]), *net],
     ("input_1", TensorProto.FLOAT, ["batch", 32, 24, 3]), ("logits", TensorProto.FLOAT, ["batch", 3]), {"w": eye})
pathlib.Path("colours.txt").write_text("red\ngreen\nblue\n")
told = gyre("model", "import", "last.onnx", "--out", "m.onnx", "--labels", "colours.txt")
assert "NHWC" in told and "24 x 32" in told and "by a softmax" in told and "pixels 0 to 1" in told, told
assert [one["label"] for one in answers("m.onnx", *names)] == ["red", "green", "blue"]
print("ok channels last, as tf2onnx writes it")

# Channels first, of any size, an old operator set, blue before red; the scaling is checked number by number.
save("first.onnx", [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("GlobalAveragePool", ["c"], ["p"]), helper.make_node("Flatten", ["p"], ["f"]),
                    helper.make_node("Softmax", ["f"], ["y"])],
     ("x", TensorProto.FLOAT, [1, 3, "h", "w2"]), ("y", TensorProto.FLOAT, [1, 3]), {"w": eye / 9}, opset=9)
told = gyre("model", "import", "first.onnx", "--out", "m.onnx", "--colours", "bgr", "--labels", "blue,green,red")
assert "NCHW" in told and "raised from ONNX's operator set 9" in told and "any" in told and "softmax" not in told, told
found = answers("m.onnx", *names)
assert [one["label"] for one in found] == ["red", "green", "blue"]
pixels = (np.array([20, 20, 250]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]  # red's, blue first
wanted = np.exp(pixels) / np.exp(pixels).sum()
assert abs(found[0]["probabilities"]["red"] - wanted[2]) < 1e-5, (found[0], wanted)
assert "1000 classes" not in told and "there are 2 labels" in gyre("model", "import", "first.onnx", "--out", "n.onnx", "--labels", "a,b", ok=False)
print("ok channels first, any size, an old operator set, blue first")

# One grey channel and one sigmoid: two labels.
save("grey.onnx", [helper.make_node("GlobalAveragePool", ["x"], ["p"]), helper.make_node("Flatten", ["p"], ["f"]), helper.make_node("Mul", ["f", "k"], ["m"]),
                   helper.make_node("Sub", ["m", "h"], ["s"]), helper.make_node("Sigmoid", ["s"], ["y"])],
     ("x", TensorProto.FLOAT, ["n", 1, 16, 16]), ("y", TensorProto.FLOAT, ["n", 1]), {"k": np.float32([20]), "h": np.float32([10])})
gyre("model", "import", "grey.onnx", "--out", "m.onnx", "--labels", "dark,bright", "--normalise", "unit")
Image.new("L", (5, 5), 230).save("bright.png")
Image.new("RGB", (50, 50), (20, 20, 20)).save("dark.jpg")
assert [one["label"] for one in answers("m.onnx", "bright.png", "dark.jpg")] == ["bright", "dark"]
print("ok one grey channel, one sigmoid for two labels")

# Boxes and scores: no single answer, so they are told as they are.
save("boxes.onnx", [helper.make_node("GlobalAveragePool", ["x"], ["p"]), helper.make_node("Reshape", ["p", "s"], ["boxes"])],
     ("x", TensorProto.FLOAT, [1, 3, 64, 64]), ("boxes", TensorProto.FLOAT, [1, "k", 3]), {"s": np.int64([1, 1, 3])})
told = gyre("model", "import", "boxes.onnx", "--out", "m.onnx", "--normalise", "none")
assert np.allclose(answers("m.onnx", "red.png")[0]["outputs"]["boxes"], [[[250, 20, 20]]]), told
print("ok outputs that are no single answer")
