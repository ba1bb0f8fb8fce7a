"""PyTorch's two exporters: what gyre answers is what PyTorch answers. usage: check_torch.py GYRE"""
import csv, json, subprocess, sys, wave

import numpy as np
import torch
from PIL import Image
from torch import nn

torch.manual_seed(3)
random = np.random.default_rng(3)


def gyre(*words):
    done = subprocess.run([sys.argv[1], *words], capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def answers(*files):
    return [json.loads(line)["answer"] for line in gyre("--json", "predict", "m.onnx", *files).splitlines()]


def export(net, inputs, names, outputs, new):
    """By the exporter that traces the graph, or by the older one; the first size is free in both."""
    if new:
        free = tuple({0: torch.export.Dim("n")} for _ in inputs)
        torch.onnx.export(net, inputs, "torch.onnx", dynamo=True, external_data=False, verbose=False, input_names=names, output_names=outputs, dynamic_shapes=free)
    else:
        torch.onnx.export(net, inputs, "torch.onnx", dynamo=False, input_names=names, output_names=outputs, dynamic_axes={name: {0: "n"} for name in names + outputs})


def of(net, *inputs):
    with torch.no_grad():
        return net(*inputs).numpy()


class Rated(nn.Module):
    """Two inputs of different kinds, two outputs."""

    def __init__(self):
        super().__init__()
        self.words, self.all = nn.Embedding(50, 8), nn.Linear(10, 3)

    def forward(self, tokens, numbers):
        joined = torch.cat([self.words(tokens).mean(1), numbers], 1)
        return self.all(joined), joined.sum(1)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.memory, self.value = nn.LSTM(2, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, x):
        return self.value(self.memory(x)[0][:, -1])


Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save("picture.png")
pixels = torch.from_numpy(np.asarray(Image.open("picture.png"))).permute(2, 0, 1)[None].float() / 255
vision = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.GELU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)).eval()
table = nn.Sequential(nn.Linear(4, 16), nn.LayerNorm(16), nn.SiLU(), nn.Linear(16, 1)).eval()
series, sound = Recurrent().eval(), nn.Sequential(nn.Conv1d(1, 4, 64, 32), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2)).eval()
for new in (True, False):
    which = "PyTorch's exporter" if new else "PyTorch's older exporter"
    export(vision, (torch.zeros(2, 3, 32, 32),), ["x"], ["y"], new)
    told = gyre("model", "import", "torch.onnx", "--out", "m.onnx", "--labels", "a,b,c", "--normalise", "unit")
    assert "NCHW" in told and "softmax" in told, told
    wanted = torch.softmax(torch.from_numpy(of(vision, pixels)), 1)[0].tolist()
    assert np.allclose(list(answers("picture.png")[0]["probabilities"].values()), wanted, atol=1e-5)
    print(f"ok {which}: a net of pictures")

    export(table, (torch.zeros(2, 4),), ["x"], ["value"], new)
    gyre("model", "import", "torch.onnx", "--out", "m.onnx", "--columns", "a,b,c,d", "--task", "regress")
    rows = random.normal(size=(300, 4)).astype(np.float32)
    with open("rows.csv", "w", newline="") as file:
        csv.writer(file).writerows(["abcd", *([f"{value:.9g}" for value in row] for row in rows)])
    gyre("score", "m.onnx", "rows.csv", "--out", "answers.jsonl", "--fresh")
    got = [json.loads(line)["value"] for line in open("answers.jsonl")]
    assert np.abs(np.array(got) - of(table, torch.from_numpy(rows))[:, 0]).max() < 1e-5
    print(f"ok {which}: rows of a table")

    export(series, (torch.zeros(2, 20, 2),), ["x"], ["value"], new)
    gyre("model", "import", "torch.onnx", "--out", "m.onnx", "--takes", "series", "--columns", "flow,heat", "--task", "regress")
    readings = random.normal(size=(20, 2)).astype(np.float32)
    with open("series.csv", "w", newline="") as file:
        csv.writer(file).writerows([["flow", "heat"], *([f"{value:.9g}" for value in row] for row in readings)])
    assert abs(answers("series.csv")[0]["value"] - of(series, torch.from_numpy(readings)[None])[0, 0]) < 1e-5
    print(f"ok {which}: a recurrent net of a series")

    export(sound, (torch.zeros(2, 1, 4000),), ["x"], ["y"], new)
    gyre("model", "import", "torch.onnx", "--out", "m.onnx", "--takes", "sound", "--rate", "8000", "--labels", "quiet,loud")
    samples = (random.normal(size=4000) * 8000).clip(-32768, 32767).astype("<i2")
    with wave.open("noise.wav", "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    wanted = torch.softmax(torch.from_numpy(of(sound, torch.from_numpy(samples.astype(np.float32) / 32768).reshape(1, 1, -1))), 1)[0].tolist()
    got = answers("noise.wav")[0]["probabilities"]
    assert np.allclose([got["quiet"], got["loud"]], wanted, atol=1e-5), (got, wanted)
    print(f"ok {which}: a net of sounds")

    rated = Rated().eval()
    tokens, numbers = torch.tensor([[3, 1, 4, 1, 5]]), torch.tensor([[0.5, -2.0]])
    export(rated, (tokens.repeat(2, 1), numbers.repeat(2, 1)), ["tokens", "numbers"], ["rating", "sum"], new)
    gyre("model", "import", "torch.onnx", "--out", "m.onnx")
    with open("question.json", "w") as file:
        json.dump({"tokens": tokens.tolist(), "numbers": numbers.tolist()}, file)
    got = answers("question.json")[0]["outputs"]
    with torch.no_grad():
        rating, total = rated(tokens, numbers)
    assert np.allclose(got["rating"], rating.numpy(), atol=1e-5) and np.allclose(got["sum"], total.numpy(), atol=1e-5), got
    print(f"ok {which}: two inputs, tokens and numbers, and two outputs")
