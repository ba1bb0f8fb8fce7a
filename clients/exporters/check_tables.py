"""scikit-learn's models through its converter: what gyre answers is what scikit-learn answers. usage: check_tables.py GYRE"""
import csv, json, subprocess, sys, urllib.request

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

random = np.random.default_rng(3)


def gyre(*words):
    done = subprocess.run([sys.argv[1], *words], capture_output=True, text=True)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def save(name, model):
    with open(name, "wb") as file:
        file.write(model.SerializeToString())


def write_rows(name, columns, rows):
    with open(name, "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def scored(model, data):
    gyre("score", model, data, "--out", "answers.jsonl", "--fresh")
    return [json.loads(line) for line in open("answers.jsonl")]


heat, flow, kind = random.normal(20, 5, 300), random.normal(3, 1, 300), random.choice(["new", "old", "NA"], 300)  # "NA" is a category as any other
state = np.where(heat + 4 * flow + 6 * (kind == "old") > 34, "worn", "good")
pipeline = Pipeline([
    ("columns", ColumnTransformer([("numbers", StandardScaler(), [0, 1]), ("kinds", OneHotEncoder(handle_unknown="ignore"), [2])])),
    ("model", LogisticRegression())])
rows = np.array(list(zip(heat, flow, kind)), dtype=object)
pipeline.fit(rows, state)
save("worn.onnx", to_onnx(pipeline, initial_types=[("heat", FloatTensorType([None, 1])), ("flow", FloatTensorType([None, 1])), ("kind", StringTensorType([None, 1]))]))
told = gyre("model", "import", "worn.onnx", "--out", "worn-gyre.onnx", "--about", "worn or good")
assert "the map \"output_probability\"" in told and "2 labels" in told and "good, worn" in told and "heat, flow, kind" in told, told
write_rows("rows.csv", ["kind", "heat", "flow"], [(k, f"{h:.9g}", f"{f:.9g}") for h, f, k in zip(heat, flow, kind)])
answers = scored("worn-gyre.onnx", "rows.csv")
wanted = pipeline.predict_proba(rows)
assert max(abs(answer["probabilities_1"] - one[1]) for answer, one in zip(answers, wanted)) < 1e-5
assert [answer["output_label"] for answer in answers] == list(pipeline.predict(rows))
write_rows("one.csv", ["kind", "heat", "flow"], [("old", 25, 4)])
with open("one.json", "w") as file:
    json.dump({"kind": "old", "heat": 25, "flow": 4.0}, file)
lines = [json.loads(line) for line in gyre("--json", "predict", "worn-gyre.onnx", "one.csv", "one.json").splitlines()]
assert lines[0]["answer"] == lines[1]["answer"] and lines[0]["answer"]["label"] == "worn", lines
for kind_of_it in ("NA", "old"):
    write_rows("one.csv", ["kind", "heat", "flow"], [(kind_of_it, 21.5, 3)])
    (line,) = [json.loads(line) for line in gyre("--json", "predict", "worn-gyre.onnx", "one.csv").splitlines()]
    wanted = pipeline.predict_proba(np.array([[21.5, 3.0, kind_of_it]], dtype=object))[0]
    assert abs(line["answer"]["probabilities"]["worn"] - wanted[1]) < 1e-5, (kind_of_it, line, wanted)
write_rows("one.csv", ["kind", "heat", "flow"], [("old", 25, 4)])
print("ok scikit-learn pipeline: texts and numbers by column, a map of probabilities")

x = random.normal(size=(200, 4)).astype(np.float32)
y = np.where(x[:, 0] + x[:, 1] > 0.5, 7, np.where(x[:, 2] > 0, 5, 9))
forest = RandomForestClassifier(20, random_state=0).fit(x, y)
save("forest.onnx", to_onnx(forest, x[:1], options={"zipmap": False}))
told = gyre("model", "import", "forest.onnx", "--out", "forest-gyre.onnx", "--columns", "a,b,c,d")
assert "3 labels" in told and "5, 7, 9" in told and "a, b, c, d" in told, told
write_rows("forest.csv", list("dcba"), [[f"{value:.9g}" for value in row[::-1]] for row in x])
answers = scored("forest-gyre.onnx", "forest.csv")
assert np.abs(np.array([[answer[f"probabilities_{i}"] for i in range(3)] for answer in answers]) - forest.predict_proba(x)).max() < 1e-5
print("ok scikit-learn forest: one wide input, its columns by name in any order, whole numbers as labels")

boosted = GradientBoostingRegressor(n_estimators=50).fit(x, x[:, 0] * 3 + np.sin(x[:, 1]))
save("boosted.onnx", to_onnx(boosted, x[:1]))
gyre("init")
told = gyre("model", "import", "boosted.onnx", "--as", "boosted", "--unit", "mm", "--columns", "a,b,c,d")
assert "a value in mm" in told and "registered as boosted@1" in told, told
answers = scored("boosted@1", "forest.csv")
assert max(abs(answer["value"] - one) for answer, one in zip(answers, boosted.predict(x))) < 1e-4
print("ok scikit-learn boosted trees: registered, scored by name")

server = subprocess.Popen([sys.argv[1], "--json", "serve", "boosted@1", "worn-gyre.onnx", "--port", "0", "--grpc-port", "0"], stdout=subprocess.PIPE, text=True)
try:
    state = ""
    while not state.endswith("}\n"):
        state += server.stdout.readline()
    url = json.loads(state)["url"]
    request = urllib.request.Request(f"{url}/endpoints/boosted/predict", json.dumps(dict(zip("abcd", x[0].tolist()))).encode(), {"Content-Type": "application/json"})
    answer = json.load(urllib.request.urlopen(request))["answer"]
    assert abs(answer["value"] - boosted.predict(x[:1])[0]) < 1e-4 and answer["unit"] == "mm", answer
    request = urllib.request.Request(f"{url}/endpoints/worn-gyre/predict", open("one.csv", "rb").read(), {"Content-Type": "text/csv"})
    assert json.load(urllib.request.urlopen(request))["answer"]["label"] == "worn"
finally:
    server.terminate()
    server.wait()
print("ok served: rows as JSON and CSV, answers in words")
