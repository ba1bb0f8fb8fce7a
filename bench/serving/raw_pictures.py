"""raw_pictures.py MODEL FOLDER: ONNX Runtime over pictures that are decoded already, with all cores. Prints pictures per second as JSON:
"loop": a thread for each core, each with runs of one thread; "wide": one run after the other, each on all cores; "pillow" and "opencv":
as "loop", and each thread reads and decodes what it runs."""
import json, os, pathlib, queue, sys, threading, time

import cv2
import numpy as np
import onnxruntime
from PIL import Image

cores = len(os.sched_getaffinity(0))
files = sorted(pathlib.Path(sys.argv[2]).iterdir())


def decoded(file):
    return np.asarray(Image.open(file).convert("RGB"))[None]


def decoded_by_opencv(file):
    return cv2.cvtColor(cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)[None]


def per_second(items, session, prepare):
    name = session.get_inputs()[0].name
    waiting = queue.SimpleQueue()
    for item in items:
        waiting.put(item)

    def work():
        try:
            while True:
                session.run(None, {name: prepare(waiting.get_nowait())})
        except queue.Empty:
            pass

    session.run(None, {name: prepare(items[0])})
    threads = [threading.Thread(target=work) for _ in range(cores if session.get_session_options().intra_op_num_threads == 1 else 1)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(items) / (time.perf_counter() - began)


def session_of(threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(sys.argv[1], options)


cv2.setNumThreads(1)  # of one call: there is a thread for each core already
pictures = [decoded(file) for file in files]
print(json.dumps({"loop": per_second(pictures, session_of(1), lambda picture: picture),
                  "wide": per_second(pictures, session_of(cores), lambda picture: picture),
                  "pillow": per_second(files, session_of(1), decoded), "opencv": per_second(files, session_of(1), decoded_by_opencv)}))
