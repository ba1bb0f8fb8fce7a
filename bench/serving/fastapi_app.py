"""What a user writes: FastAPI in front of onnxruntime, the protocol's JSON in and out."""
import os

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
app = FastAPI()


@app.get("/v2/health/ready")
def ready():
    return {"ready": True}


@app.post("/v2/models/mlp/infer")
async def infer(request: Request):
    given = (await request.json())["inputs"][0]
    (y,) = session.run(None, {"x": np.array(given["data"], np.float32).reshape(given["shape"])})
    return {"model_name": "mlp", "outputs": [{"name": "y", "datatype": "FP32", "shape": list(y.shape), "data": y.ravel().tolist()}]}
