"""raw.py MODEL THREADS SECONDS: ONNX Runtime in a loop, each thread with the same session of one thread. Prints JSON."""
import json, statistics, sys, threading, time

import numpy as np
import onnxruntime

path, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options)
shape = [1 if not isinstance(size, int) else size for size in session.get_inputs()[0].shape]
x = np.random.default_rng(1).random(shape, np.float32)
session.run(None, {"x": x})
took, began = [], time.perf_counter()
ends = began + seconds


def work():
    while (asked := time.perf_counter()) < ends:
        session.run(None, {"x": x})
        took.append(time.perf_counter() - asked)


workers = [threading.Thread(target=work) for _ in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print(json.dumps({"per_second": len(took) / (time.perf_counter() - began), "p50_us": statistics.median(took) * 1e6, "p99_us": sorted(took)[int(len(took) * 0.99)] * 1e6}))
