"""KServe's own client, over both protocols. usage: check_kserve.py HTTP GRPC"""
import asyncio, sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

x = np.array([[1, 2, 3]], np.float32)


def request():
    given = InferInput(name="x", shape=[1, 3], datatype="FP32")
    given.set_data_from_numpy(x, binary_data=False)
    return InferRequest(model_name="double", infer_inputs=[given])


async def check():
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    base = f"http://{sys.argv[1]}"
    assert await client.is_server_live(base) and await client.is_server_ready(base) and await client.is_model_ready(base, "double")
    answer = await client.infer(base, request(), model_name="double")
    assert np.array_equal(answer.outputs[0].as_numpy(), 2 * x)
    await client.close()
    print("ok kserve rest")
    client = InferenceGRPCClient(url=sys.argv[2])
    assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("double")
    answer = await client.infer(request())
    assert np.array_equal(answer.outputs[0].as_numpy(), 2 * x)
    await client.close()
    print("ok kserve grpc")


asyncio.run(check())
