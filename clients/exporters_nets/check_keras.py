"""Keras models as it exports them, by tf2onnx: what gyre answers is what Keras answers. usage: check_keras.py GYRE"""
import csv, json, os, subprocess, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import onnx
from keras import layers
from PIL import Image

keras.utils.set_random_seed(3)
random = np.random.default_rng(3)


def gyre(*words):
    done = subprocess.run([sys.argv[1], *words], capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def answers(*files):
    return [json.loads(line)["answer"] for line in gyre("--json", "predict", "m.onnx", *files).splitlines()]


def export(model):
    model([np.zeros((1, *one.shape[1:]), np.float32) for one in model.inputs] if len(model.inputs) > 1 else np.zeros((1, *model.inputs[0].shape[1:]), np.float32))
    model.export("keras.onnx", format="onnx", verbose=False)


def save_rows(name, columns, rows):
    with open(name, "w", newline="") as file:
        csv.writer(file).writerows([columns, *([f"{value:.9g}" for value in row] for row in rows)])


vision = keras.Sequential([layers.Input((24, 32, 3)), layers.Rescaling(1 / 255), layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(),
                           layers.SeparableConv2D(8, 3), layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")])
export(vision)
told = gyre("model", "import", "keras.onnx", "--out", "m.onnx", "--labels", "a,b,c", "--normalise", "none")
assert "NHWC" in told, told
pixels = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
Image.fromarray(pixels).save("picture.png")
wanted = vision(pixels[None].astype(np.float32), training=False).numpy()[0]
assert np.allclose(list(answers("picture.png")[0]["probabilities"].values()), wanted, atol=1e-5)
print("ok Keras: a net of pictures, channels last")

rows = random.normal(size=(300, 4)).astype(np.float32)
# Not layers.Normalization: tf2onnx 1.17 makes inputs of what it has learned, and leaves the values out.
table = keras.Sequential([layers.Input((4,)), layers.BatchNormalization(), layers.Dense(16, activation="elu"), layers.Dense(1)])
export(table)
gyre("model", "import", "keras.onnx", "--out", "m.onnx", "--columns", "a,b,c,d", "--task", "regress")
save_rows("rows.csv", "abcd", rows)
gyre("score", "m.onnx", "rows.csv", "--out", "answers.jsonl", "--fresh")
got = [json.loads(line)["value"] for line in open("answers.jsonl")]
assert np.abs(np.array(got) - table(rows, training=False).numpy()[:, 0]).max() < 1e-4
print("ok Keras: rows of a table")

series = keras.Sequential([layers.Input((20, 2)), layers.GRU(8), layers.Dense(1)])
export(series)
gyre("model", "import", "keras.onnx", "--out", "m.onnx", "--takes", "series", "--columns", "flow,heat", "--task", "regress")
readings = random.normal(size=(20, 2)).astype(np.float32)
save_rows("series.csv", ["flow", "heat"], readings)
assert abs(answers("series.csv")[0]["value"] - series(readings[None], training=False).numpy()[0, 0]) < 1e-4
print("ok Keras: a recurrent net of a series")

left, right = layers.Input((3,)), layers.Input((2, 2))
joined = layers.Concatenate()([left, layers.Flatten()(right)])
two = keras.Model([left, right], [layers.Dense(2)(joined), layers.Dense(1, activation="sigmoid")(joined)])
export(two)
gyre("model", "import", "keras.onnx", "--out", "m.onnx", "--takes", "tensors")
given = [random.normal(size=(1, 3)).astype(np.float32), random.normal(size=(1, 2, 2)).astype(np.float32)]
names = {len(one.type.tensor_type.shape.dim): one.name for one in onnx.load("keras.onnx").graph.input}
with open("question.json", "w") as file:
    json.dump({names[value.ndim]: value.tolist() for value in given}, file)
got = list(answers("question.json")[0]["outputs"].values())
wanted = [value.numpy() for value in two(given, training=False)]
assert any(np.allclose(got[0], wanted[i], atol=1e-5) and np.allclose(got[1], wanted[1 - i], atol=1e-5) for i in range(2)), (got, wanted)
print("ok Keras: two inputs, two outputs")
