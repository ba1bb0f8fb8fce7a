"""Every call of tritonclient's four clients that has a meaning for a server without a GPU. usage: check_triton.py HTTP GRPC"""
import asyncio, inspect, json, queue, sys

import ml_dtypes
import numpy as np
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio
import tritonclient.utils.shared_memory as memory
from tritonclient.utils import InferenceServerException

x = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
types = {np.float32: "FP32", np.float16: "FP16", np.int64: "INT64", np.object_: "BYTES", np.bool_: "BOOL", np.uint8: "UINT8", ml_dtypes.bfloat16: "BF16"}


class Calls:
    """A client whose methods are all coroutines, and which remembers those that the server answered."""

    local = {"plugin", "register_plugin", "unregister_plugin"}  # of the client alone: no server sees them

    def __init__(self, kind, client):
        self.kind, self.client = kind, client
        self.all = {name for name in dir(kind.InferenceServerClient) if not name.startswith("_")} - self.local
        self.answered = set()

    def __getattr__(self, name):
        method = getattr(self.client, name)

        async def call(*values, **named):
            given = method(*values, **named)
            if inspect.isawaitable(given):
                given = await given
            self.answered.add(name)
            return given

        return call

    async def refused(self, call, *words):
        try:
            await call
        except InferenceServerException as error:
            assert all(word in str(error) for word in words), error
            return
        raise AssertionError(f"not refused: {words}")

    def tensor(self, name, values, **options):
        one = self.kind.InferInput(name, list(values.shape), types[values.dtype.type])
        one.set_data_from_numpy(values, **options)
        return one

    @property
    def rest(self):
        return self.kind in (http, http_aio)


async def check_what_it_says(client, as_json):
    assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("double")
    assert not await client.is_model_ready("none") and not await client.is_model_ready("double", "7")
    metadata = await client.get_server_metadata(**as_json)
    assert metadata["name"] == "gyre" and "system_shared_memory" in metadata["extensions"], metadata
    metadata = await client.get_model_metadata("double", **as_json)
    assert metadata["versions"] == ["1"] and metadata["inputs"][0]["datatype"] == "FP32", metadata
    config = await client.get_model_config("double", **as_json)
    config = config.get("config", config)
    assert config["max_batch_size"] == 64 and config["input"][0]["data_type"] == "TYPE_FP32", config
    await client.refused(client.get_model_metadata("none"), "there is no model none")
    await client.refused(client.get_model_config("none"), "there is no model none")


async def check_infer(client):
    wanted = client.kind.InferRequestedOutput
    answer = await client.infer("double", [client.tensor("x", x)], request_id="a", outputs=[wanted("y")])
    assert np.array_equal(answer.as_numpy("y"), 2 * x)
    told = answer.get_response()
    assert (told["id"] if client.rest else told.id) == "a"
    assert np.array_equal((await client.infer("double", [client.tensor("x", x)], model_version="1")).as_numpy("y"), 2 * x)
    packing = ({"request_compression_algorithm": one, "response_compression_algorithm": one} if client.rest else {"compression_algorithm": one}
               for one in ("gzip", "deflate"))
    for options in packing:
        assert np.array_equal((await client.infer("double", [client.tensor("x", x)], **options)).as_numpy("y"), 2 * x)
    top = (await client.infer("double", [client.tensor("x", x)], outputs=[wanted("y", class_count=2)])).as_numpy("y")
    assert top.tolist() == [[b"6:2", b"4:1"], [b"12:2", b"10:1"]], top
    # A model that keeps nothing between requests answers each request of a sequence by itself.
    for number, edge in ((7, {"sequence_start": True}), (7, {}), ("seven", {"sequence_end": True})):
        answer = await client.infer("double", [client.tensor("x", x)], sequence_id=number, priority=1, timeout=5_000_000, parameters={"mine": "yes"}, **edge)
        assert np.array_equal(answer.as_numpy("y"), 2 * x)
    many = [(await client.infer("double", [client.tensor("x", x[:1])])).as_numpy("y") for _ in range(50)]
    assert all(np.array_equal(one, 2 * x[:1]) for one in many)


async def check_types(client):
    texts, numbers = np.array([["h\u00e9".encode()], [b"\0\xff"]], dtype=np.object_), np.array([[1, 2], [3, 2**60]], np.int64)
    answer = await client.infer("mixed", [client.tensor("number", numbers), client.tensor("text", texts)])
    assert answer.as_numpy("text_out").tolist() == texts.tolist() and np.array_equal(answer.as_numpy("number_out"), 2 * numbers)
    odd = np.array([[np.nan, np.inf, -np.inf]], np.float32)
    assert np.array_equal((await client.infer("double", [client.tensor("x", odd)])).as_numpy("y"), odd, equal_nan=True)
    halves = np.array([[0.5, np.inf], [-65504, 6e-8]], np.float16)
    flags, small = np.array([[True, False], [False, True]]), np.array([[0, 255], [7, 8]], np.uint8)
    brain = np.array([[1.5, -2], [np.nan, 1e30]], ml_dtypes.bfloat16)
    answer = await client.infer("types", [client.tensor("half", halves), client.tensor("brain", brain), client.tensor("flag", flags), client.tensor("small", small)])
    assert np.array_equal(answer.as_numpy("half_out"), halves) and np.array_equal(answer.as_numpy("flag_out"), flags)
    assert np.array_equal(answer.as_numpy("small_out"), small)
    assert answer.as_numpy("brain_out").tobytes() == brain.tobytes()


async def check_refusals(client):
    wanted, numbers = client.kind.InferRequestedOutput, np.array([[1, 2, 3]], np.int64)
    await client.refused(client.infer("none", [client.tensor("x", x)]), "there is no model none")
    await client.refused(client.infer("double", [client.tensor("x", x)], model_version="7"), "no version 7")
    await client.refused(client.infer("double", [client.tensor("z", x)]), '"x" is missing')
    await client.refused(client.infer("double", [client.tensor("x", numbers)]), "takes FP32, not INT64")
    await client.refused(client.infer("double", [client.tensor("x", x[:, :2].copy())]), "[any, 3]")
    await client.refused(client.infer("double", [client.tensor("x", x)], outputs=[wanted("q")]), 'no output "q"')


async def check_repository(client, as_json):
    before = (await client.get_inference_statistics("double", **as_json))["model_stats"][0]
    await client.infer("double", [client.tensor("x", x)])
    after = (await client.get_inference_statistics("double", **as_json))["model_stats"][0]
    assert int(after["inference_count"]) == int(before["inference_count"]) + 2
    assert int(after["inference_stats"]["queue"]["count"]) == int(before["inference_stats"]["queue"]["count"]) + 1
    assert len((await client.get_inference_statistics(**as_json))["model_stats"]) >= 2

    index = await client.get_model_repository_index(**as_json)
    index = {(row["name"], row.get("version")): row["state"] for row in (index if client.rest else index["models"])}
    assert index[("double", "1")] == "READY", index
    half = lambda **options: client.infer("half", [client.tensor("x", x)], **options)
    await client.load_model("half")
    assert np.array_equal((await half()).as_numpy("y"), x / 4)
    await client.load_model("half", config=json.dumps({"version_policy": {"specific": {"versions": [1]}}}))
    assert np.array_equal((await half()).as_numpy("y"), x / 2)
    await client.load_model("half", config="{}", files={"file:3/model.onnx": open("double.onnx", "rb").read()})
    assert np.array_equal((await half(model_version="3")).as_numpy("y"), x * 2)
    await client.refused(client.load_model("half", config="{}", files={"file:4/model.onnx": b"no model"}), "cannot load it")
    assert np.array_equal((await half()).as_numpy("y"), x * 2)
    await client.unload_model("half", unload_dependents=True)
    await client.refused(half(), "unloaded")
    await client.refused(client.load_model("none"), "there is no model none")


async def check_settings(client, as_json):
    await client.update_trace_settings(model_name="double", settings={"trace_rate": "5"})
    assert "5" in str(await client.get_trace_settings(model_name="double", **as_json))
    await client.update_trace_settings(model_name="double", settings={"trace_rate": None})  # as for all models again
    assert "'5'" not in str(await client.get_trace_settings(model_name="double", **as_json))
    await client.update_log_settings({"log_verbose_level": 1})
    settings = await client.get_log_settings(**as_json)
    assert "1" in str(settings["log_verbose_level" if client.rest else "settings"])


async def check_memory(client, name):
    place = memory.create_shared_memory_region("in", f"/{name}", 2 * x.nbytes)
    try:
        memory.set_shared_memory_region(place, [x])
        await client.register_system_shared_memory("both", f"/{name}", 2 * x.nbytes)
        assert "both" in str(await client.get_system_shared_memory_status())
        given, wanted = client.kind.InferInput("x", list(x.shape), "FP32"), client.kind.InferRequestedOutput("y")
        given.set_shared_memory("both", x.nbytes)
        wanted.set_shared_memory("both", x.nbytes, offset=x.nbytes)
        await client.infer("double", [given], outputs=[wanted])
        assert np.array_equal(memory.get_contents_as_numpy(place, np.float32, [2, 2, 3])[1], 2 * x)
        given.set_shared_memory("both", x.nbytes, offset=2 * x.nbytes)
        await client.refused(client.infer("double", [given]), "no place for")
        await client.unregister_system_shared_memory("both")
        await client.refused(client.infer("double", [given]), "no shared memory region")
        await client.refused(client.register_system_shared_memory("none", "/gyre-no-such-memory", 8), "gyre-no-such-memory")
    finally:
        memory.destroy_shared_memory_region(place)
    # Without a GPU there is nothing to register, and that is said.
    for name, values in (("register", ("gpu", b"aGFuZGxl", 0, 8)), ("unregister", ("gpu",)), ("status", ())):
        call = f"{name}_cuda_shared_memory" if values else f"get_cuda_shared_memory_{name}"
        await client.refused(getattr(client, call)(*values), "no CUDA shared memory")
        client.answered.add(call)


async def check_rest(client):
    given = client.kind.InferInput("x", [2, 3], "FP32")
    given.set_data_from_numpy(x, binary_data=False)
    for binary in (False, True):
        answer = await client.infer("double", [given], outputs=[client.kind.InferRequestedOutput("y", binary_data=binary)])
        assert np.array_equal(answer.as_numpy("y"), 2 * x)
    body, size = await client.generate_request_body([given])
    assert size is None and b'"x"' in body
    answer = await client.parse_response_body(b'{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[2]}]}')
    assert answer.as_numpy("y").tolist() == [2]
    if client.kind is http:
        waiting = [await client.async_infer("double", [given]) for _ in range(20)]
        assert all(np.array_equal(one.get_result().as_numpy("y"), 2 * x) for one in waiting)


async def check_grpc(client):
    given = client.tensor("x", x)
    answers = queue.Queue()
    take = lambda result, error: answers.put((result, error))
    for _ in range(20):
        await client.async_infer("double", [given], callback=take)
    for _ in range(20):
        result, error = answers.get(timeout=10)
        assert not error and np.array_equal(result.as_numpy("y"), 2 * x)
    await client.start_stream(callback=take)
    for number in range(100):
        await client.async_stream_infer("none" if number == 50 else "double", [given], request_id=str(number))
    for number in range(100):
        result, error = answers.get(timeout=10)
        if number == 50:  # a request that fails ends neither the stream nor the others
            assert "there is no model none" in str(error)
        else:
            assert result.get_response().id == str(number)
    await client.async_stream_infer("double", [given], enable_empty_final_response=True)
    result, error = answers.get(timeout=10)
    assert not error and result.get_response().parameters["triton_final_response"].bool_param
    await client.stop_stream()
    rows = 300_000  # more than a window, in and out
    large = await client.infer("double", [client.tensor("x", np.ones((rows, 3), np.float32) * 3)])
    assert (large.as_numpy("y") == 6).all()


async def check_grpc_aio(client):
    async def asked():
        for number in range(20):
            yield {"model_name": "none" if number == 5 else "double", "inputs": [client.tensor("x", x)], "request_id": str(number)}

    number = 0
    client.answered.add("stream_infer")  # gives an iterator at once
    async for result, error in client.client.stream_infer(asked()):
        assert "there is no model none" in str(error) if number == 5 else result.get_response().id == str(number), error
        number += 1
    assert number == 20


async def check(kind, address, **options):
    client = Calls(kind, kind.InferenceServerClient(address, **options))
    as_json = {} if client.rest else {"as_json": True}
    await check_what_it_says(client, as_json)
    await check_infer(client)
    await check_types(client)
    await check_refusals(client)
    await check_repository(client, as_json)
    await check_settings(client, as_json)
    await check_memory(client, f"gyre-check-{kind.__name__}")
    await {http: check_rest, http_aio: check_rest, grpc: check_grpc, grpc_aio: check_grpc_aio}[kind](client)
    await client.close()
    missing = sorted(client.all - client.answered)
    assert not missing, f"{kind.__name__}: never answered: {missing}"
    print(f"ok {kind.__name__}: {len(client.answered)} of {len(client.all)} calls")
    return len(client.answered), len(client.all)


async def main():
    counts = [await check(http, sys.argv[1], concurrency=4), await check(grpc, sys.argv[2]),
              await check(http_aio, sys.argv[1]), await check(grpc_aio, sys.argv[2])]
    print(f"tritonclient: {sum(done for done, _ in counts)} of {sum(every for _, every in counts)} calls")


asyncio.run(main())
