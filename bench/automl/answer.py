"""Answers of a model of gyre to a CSV, through ONNX Runtime alone: answer.py MODEL CSV OUT."""
import csv, json, sys

import numpy, onnxruntime

model, table, out = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
about = json.loads(session.get_modelmeta().custom_metadata_map["gyre.signature"])
heads, *rows = list(csv.reader(open(table)))
feed = {}
for given, column in zip(session.get_inputs(), about["columns"]):
    cells = [row[heads.index(column)] for row in rows]
    if "string" in given.type:
        feed[given.name] = numpy.array(cells, object).reshape(-1, 1)
    else:
        feed[given.name] = numpy.array([float(cell) if cell else float("nan") for cell in cells], numpy.float32).reshape(-1, 1)
answers = session.run(None, feed)[0]
labels = about.get("labels", [])
with open(out, "w") as file:
    json.dump({"labels": labels, "answers": answers.tolist() if labels else answers[:, 0].tolist()}, file)
