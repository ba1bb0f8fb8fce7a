"""Every call of tritonclient that has a meaning for a server without a GPU. usage: check_triton.py HTTP GRPC"""
import asyncio, json, queue, sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio
import tritonclient.utils.shared_memory as memory
from tritonclient.utils import InferenceServerException

x = np.array([[1, 2, 3], [4, 5, 6]], np.float32)


def refused(call, *words):
    try:
        call()
    except InferenceServerException as error:
        assert all(word in str(error) for word in words), error
        return
    raise AssertionError(f"not refused: {words}")


def check_both(kind, client):
    """What both protocols have, with the same names."""
    as_json = {} if kind is http else {"as_json": True}

    def tensor(name, values, **options):
        types = {np.float32: "FP32", np.int64: "INT64", np.object_: "BYTES"}
        one = kind.InferInput(name, list(values.shape), types[values.dtype.type])
        one.set_data_from_numpy(values, **options)
        return one

    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("double")
    assert not client.is_model_ready("none") and not client.is_model_ready("double", "7")
    assert client.get_server_metadata(**as_json)["name"] == "gyre"
    metadata = client.get_model_metadata("double", **as_json)
    assert metadata["versions"] == ["1"] and metadata["inputs"][0]["datatype"] == "FP32", metadata
    config = client.get_model_config("double", **as_json)
    config = config.get("config", config)
    assert config["max_batch_size"] == 64 and config["input"][0]["data_type"] == "TYPE_FP32", config
    refused(lambda: client.get_model_metadata("none"), "there is no model none")

    answer = client.infer("double", [tensor("x", x)], request_id="a", outputs=[kind.InferRequestedOutput("y")])
    assert np.array_equal(answer.as_numpy("y"), 2 * x)
    told = answer.get_response()
    assert (told["id"] if kind is http else told.id) == "a"
    assert np.array_equal(client.infer("double", [tensor("x", x)], model_version="1").as_numpy("y"), 2 * x)
    packing = ({"request_compression_algorithm": one, "response_compression_algorithm": one} if kind is http else {"compression_algorithm": one}
               for one in ("gzip", "deflate"))
    for options in packing:
        assert np.array_equal(client.infer("double", [tensor("x", x)], **options).as_numpy("y"), 2 * x)
    top = client.infer("double", [tensor("x", x)], outputs=[kind.InferRequestedOutput("y", class_count=2)]).as_numpy("y")
    assert top.tolist() == [[b"6:2", b"4:1"], [b"12:2", b"10:1"]], top
    texts, numbers = np.array([["h\u00e9".encode()], [b"\0\xff"]], dtype=np.object_), np.array([[1, 2], [3, 2**60]], np.int64)
    answer = client.infer("mixed", [tensor("number", numbers), tensor("text", texts)])
    assert answer.as_numpy("text_out").tolist() == texts.tolist() and np.array_equal(answer.as_numpy("number_out"), 2 * numbers)
    odd = np.array([[np.nan, np.inf, -np.inf]], np.float32)
    assert np.array_equal(client.infer("double", [tensor("x", odd)]).as_numpy("y"), odd, equal_nan=True)
    many = [client.infer("double", [tensor("x", x[:1])]).as_numpy("y") for _ in range(50)]
    assert all(np.array_equal(one, 2 * x[:1]) for one in many)

    refused(lambda: client.infer("none", [tensor("x", x)]), "there is no model none")
    refused(lambda: client.infer("double", [tensor("x", x)], model_version="7"), "no version 7")
    refused(lambda: client.infer("double", [tensor("z", x)]), '"x" is missing')
    refused(lambda: client.infer("double", [tensor("x", numbers)]), "takes FP32, not INT64")
    refused(lambda: client.infer("double", [tensor("x", x[:, :2].copy())]), "[any, 3]")
    refused(lambda: client.infer("double", [tensor("x", x)], outputs=[kind.InferRequestedOutput("q")]), 'no output "q"')

    before = client.get_inference_statistics("double", **as_json)["model_stats"][0]
    client.infer("double", [tensor("x", x)])
    after = client.get_inference_statistics("double", **as_json)["model_stats"][0]
    assert int(after["inference_count"]) == int(before["inference_count"]) + 2
    assert int(after["inference_stats"]["queue"]["count"]) == int(before["inference_stats"]["queue"]["count"]) + 1

    index = client.get_model_repository_index(**as_json)
    index = {(row["name"], row.get("version")): row["state"] for row in (index["models"] if kind is grpc else index)}
    assert index[("double", "1")] == "READY", index
    client.load_model("half")
    assert np.array_equal(client.infer("half", [tensor("x", x)]).as_numpy("y"), x / 4)
    client.load_model("half", config=json.dumps({"version_policy": {"specific": {"versions": [1]}}}))
    assert np.array_equal(client.infer("half", [tensor("x", x)]).as_numpy("y"), x / 2)
    client.load_model("half", config="{}", files={"file:3/model.onnx": open("double.onnx", "rb").read()})
    assert np.array_equal(client.infer("half", [tensor("x", x)], model_version="3").as_numpy("y"), x * 2)
    refused(lambda: client.load_model("half", config="{}", files={"file:4/model.onnx": b"no model"}), "cannot load it")
    assert np.array_equal(client.infer("half", [tensor("x", x)]).as_numpy("y"), x * 2)
    client.unload_model("half")
    refused(lambda: client.infer("half", [tensor("x", x)]), "unloaded")
    refused(lambda: client.load_model("none"), "there is no model none")

    client.update_trace_settings(model_name="double", settings={"trace_rate": "5"})
    assert "5" in str(client.get_trace_settings(model_name="double", **as_json))
    client.update_log_settings({"log_verbose_level": 1})
    assert "1" in str(client.get_log_settings(**as_json)["settings" if kind is grpc else "log_verbose_level"])

    place = memory.create_shared_memory_region("in", f"/gyre-check-{kind.__name__}", 2 * x.nbytes)
    try:
        memory.set_shared_memory_region(place, [x])
        client.register_system_shared_memory("both", f"/gyre-check-{kind.__name__}", 2 * x.nbytes)
        assert "both" in str(client.get_system_shared_memory_status())
        given, wanted = kind.InferInput("x", list(x.shape), "FP32"), kind.InferRequestedOutput("y")
        given.set_shared_memory("both", x.nbytes)
        wanted.set_shared_memory("both", x.nbytes, offset=x.nbytes)
        client.infer("double", [given], outputs=[wanted])
        assert np.array_equal(memory.get_contents_as_numpy(place, np.float32, [2, 2, 3])[1], 2 * x)
        given.set_shared_memory("both", x.nbytes, offset=2 * x.nbytes)
        refused(lambda: client.infer("double", [given]), "no place for")
        client.unregister_system_shared_memory("both")
        refused(lambda: client.infer("double", [given]), "no shared memory region")
    finally:
        memory.destroy_shared_memory_region(place)
    print(f"ok tritonclient {kind.__name__}")


def check_http(client):
    given = http.InferInput("x", [2, 3], "FP32")
    given.set_data_from_numpy(x, binary_data=False)
    for binary in (False, True):
        answer = client.infer("double", [given], outputs=[http.InferRequestedOutput("y", binary_data=binary)])
        assert np.array_equal(answer.as_numpy("y"), 2 * x)
    waiting = [client.async_infer("double", [given]) for _ in range(20)]
    assert all(np.array_equal(one.get_result().as_numpy("y"), 2 * x) for one in waiting)
    body, size = http.InferenceServerClient.generate_request_body([given])
    assert size is None and b'"x"' in body
    print("ok tritonclient http: JSON, async")


def check_grpc(client):
    given = grpc.InferInput("x", [2, 3], "FP32")
    given.set_data_from_numpy(x)
    answers = queue.Queue()
    for _ in range(20):
        client.async_infer("double", [given], callback=lambda result, error: answers.put((result, error)))
    for _ in range(20):
        result, error = answers.get(timeout=10)
        assert not error and np.array_equal(result.as_numpy("y"), 2 * x)
    client.start_stream(callback=lambda result, error: answers.put((result, error)))
    for number in range(100):
        client.async_stream_infer("none" if number == 50 else "double", [given], request_id=str(number))
    for number in range(100):
        result, error = answers.get(timeout=10)
        if number == 50:
            assert "there is no model none" in str(error)
        else:
            assert result.get_response().id == str(number)
    client.stop_stream()
    rows = 300_000  # more than a window, in and out
    large = grpc.InferInput("x", [rows, 3], "FP32")
    large.set_data_from_numpy(np.ones((rows, 3), np.float32) * 3)
    assert (client.infer("double", [large]).as_numpy("y") == 6).all()
    print("ok tritonclient grpc: async, stream, large")


async def check_aio():
    for kind, client in ((http, http_aio.InferenceServerClient(sys.argv[1])), (grpc, grpc_aio.InferenceServerClient(sys.argv[2]))):
        given = kind.InferInput("x", [2, 3], "FP32")
        given.set_data_from_numpy(x)
        assert np.array_equal((await client.infer("double", [given])).as_numpy("y"), 2 * x)
        await client.close()
    print("ok tritonclient aio")


check_both(http, http.InferenceServerClient(sys.argv[1], concurrency=4))
check_both(grpc, grpc.InferenceServerClient(sys.argv[2]))
check_http(http.InferenceServerClient(sys.argv[1], concurrency=4))
check_grpc(grpc.InferenceServerClient(sys.argv[2]))
asyncio.run(check_aio())
