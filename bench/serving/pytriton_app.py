"""pytriton_app.py MODEL HTTP_PORT GRPC_PORT METRICS_PORT: Triton as the pytriton wheel ships it."""
import pathlib, sys

import numpy as np
import onnxruntime
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

path, http, grpc, metrics = sys.argv[1], *map(int, sys.argv[2:5])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options)


@batch
def infer(x):
    return session.run(None, {"x": x})


config = TritonConfig(http_address="127.0.0.1", grpc_address="127.0.0.1", metrics_address="127.0.0.1",
                      http_port=http, grpc_port=grpc, metrics_port=metrics, log_verbose=0)
with Triton(config=config) as triton:
    takes, gives = (tuple(one.shape[1:]) for one in (session.get_inputs()[0], session.get_outputs()[0]))
    triton.bind(model_name=pathlib.Path(path).stem, infer_func=infer, config=ModelConfig(max_batch_size=64),
                inputs=[Tensor(name="x", dtype=np.float32, shape=takes)], outputs=[Tensor(name="y", dtype=np.float32, shape=gives)])
    triton.serve()
