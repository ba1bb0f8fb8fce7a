#!/usr/bin/env python3
"""What clients and operators do to `gyre serve` at the worst time: swaps under load, ten thousand idle clients, slow ones, bodies of a
gigabyte, zip bombs, floods of headers. Others are served meanwhile, memory stays bounded, and each refusal is the protocol's own error."""
import gzip, http.client, json, pathlib, resource, shutil, socket, struct, sys, tempfile, threading, time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from serve_site import Serve, grpc_call, grpc_question, question, tiny_model

infer = "inference.GRPCInferenceService/ModelInfer"


def peak_mb(site):
    return next(int(line.split()[1]) for line in open(f"/proc/{site.pid}/status") if line.startswith("VmHWM:")) / 1024


def raw(site, head, *pieces, patience=10):
    """Sends as long as the server takes it; gives the status and the body of what it answers, None when it says nothing."""
    client = socket.create_connection((site.host, site.port), timeout=patience)
    try:
        client.sendall(head)
        for piece in pieces:
            client.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it had enough
    answer = http.client.HTTPResponse(client)
    try:
        answer.begin()
        return answer.status, answer.read()
    except (http.client.HTTPException, OSError):
        return None, b""
    finally:
        client.close()


def error_of(body):
    return json.loads(body)["error"]


def check_swap(site, folder):
    """Two models take turns behind one name: each answer is one of theirs, none fails."""
    ending, failed, seen = threading.Event(), [], {1: 0, 2: 0}
    body = json.dumps(question((1, 2, 3)))

    def ask():
        connection = site.connection()
        while not ending.is_set():
            connection.request("POST", "/v2/models/swap/infer", body)
            answer = connection.getresponse()
            text = answer.read()
            values = json.loads(text)["outputs"][0]["data"] if answer.status == 200 else text
            if values not in ([1, 2, 3], [2, 4, 6]):
                failed.append((answer.status, values))
                return
            seen[int(values[0])] += 1
        connection.close()

    def ask_grpc():
        answers = {struct.pack("<3f", 1, 2, 3), struct.pack("<3f", 2, 4, 6)}
        while not ending.is_set():
            status, message, answer = grpc_call(site.grpc, infer, grpc_question("swap"))
            if status != 0 or answer[-12:] not in answers:
                failed.append((status, message, answer))
                return

    clients = [threading.Thread(target=ask) for _ in range(6)] + [threading.Thread(target=ask_grpc)]
    for client in clients:
        client.start()
    for turn in range(60):
        shutil.copy(work / f"scale-{1 + turn % 2}.onnx", folder / "next.onnx")
        (folder / "next.onnx").rename(folder / "model.onnx")
        status, _, answer = site.ask("POST", "/v2/repository/models/swap/load", b"")
        assert status == 200, answer
        time.sleep(0.02)
    (folder / "model.onnx").write_bytes(b"half a mod")
    assert site.ask("POST", "/v2/repository/models/swap/load", b"")[0] == 400
    time.sleep(0.1)
    ending.set()
    for client in clients:
        client.join()
    assert not failed, failed[:3]
    assert min(seen.values()) > 50, seen
    print(f"ok a swap under load: {sum(seen.values())} answers, all of one of the two models")


def check_rounds(site):
    def rounds(count):
        for _ in range(count):
            assert site.ask("POST", "/v2/repository/models/comes/load", b"")[0] == 200
            assert site.ask("POST", "/v2/repository/models/comes/unload", b"")[0] == 200

    rounds(100)
    time.sleep(0.2)
    before = site.resident_mb()
    rounds(1000)
    time.sleep(0.2)
    grown = site.resident_mb() - before
    assert grown < 5, f"{grown:.1f} MB"
    print(f"ok 1,000 times loaded and unloaded: {grown:.1f} MB more")


def check_idle(site):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 10_000
    if hard < count + 500:
        print("skipped: the system allows too few files for 10,000 clients")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = site.resident_mb()
    clients = []
    for number in range(count):
        client = socket.create_connection((site.host, site.port if number % 4 else int(site.grpc.rsplit(":", 1)[1])), timeout=20)
        if number % 4 == 1:
            client.sendall(b"POST /v2/models/rows/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf")
        clients.append(client)
    for _ in range(20):
        assert site.infer()[0] == 200 and grpc_call(site.grpc, infer, grpc_question())[0] == 0
    grown = site.resident_mb() - before
    for client in clients:
        client.close()
    # A fourth speaks HTTP/2, a fourth has announced a megabyte that does not come.
    assert grown < 150, f"{grown:.0f} MB"
    until = time.time() + 20
    while site.resident_mb() - before > 60:
        assert time.time() < until, f"{site.resident_mb() - before:.0f} MB are not given back"
        time.sleep(0.2)
    print(f"ok {count} idle and half-sent clients: {grown:.0f} MB, others are served")


def check_bodies(site):
    before = peak_mb(site)
    head = b"POST /v2/models/rows/infer HTTP/1.1\r\nHost: x\r\n"
    status, body = raw(site, head + b"Content-Length: 1073741824\r\n\r\n", *[b"x" * 65536] * 16)
    assert status == 413 and "1073741824" in error_of(body), (status, body)
    status, body = raw(site, head + b"Transfer-Encoding: chunked\r\n\r\n", *[b"100000\r\n" + b"x" * 0x100000 + b"\r\n"] * 64)
    assert status == 413, (status, body)
    assert peak_mb(site) - before < 40, peak_mb(site) - before
    print("ok bodies of a gigabyte are refused, not read")

    before = peak_mb(site)
    bomb = gzip.compress(b" " * (512 << 20), 9)
    status, headers, body = site.ask("POST", "/v2/models/rows/infer", bomb, {"Content-Encoding": "gzip"})
    assert status in (400, 413) and "error" in body, (status, body)
    assert peak_mb(site) - before < 40, peak_mb(site) - before
    status, _, body = site.ask("POST", "/v2/models/rows/infer", gzip.compress(json.dumps(question((1, 2, 3))).encode())[:-9], {"Content-Encoding": "gzip"})
    assert status == 400, body
    print("ok a zip bomb is refused while it is unpacked")

    port = int(site.grpc.rsplit(":", 1)[1])
    status, message, _ = grpc_call(site.grpc, infer, b"", frame=b"\0" + struct.pack(">I", 1 << 30) + b"x" * 1000)
    assert status == 8 and str(1 << 30) in message, (status, message)
    before = peak_mb(site)
    packed = bomb
    status, message, _ = grpc_call(site.grpc, infer, b"", {"grpc-encoding": "gzip"}, frame=b"\1" + struct.pack(">I", len(packed)) + packed)
    assert status in (3, 8), (status, message)
    assert peak_mb(site) - before < 40
    print("ok the same over gRPC")


def check_heads(site):
    flood = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 100) for number in range(10_000))
    status, body = raw(site, b"GET /v2 HTTP/1.1\r\n" + flood + b"\r\n")
    assert status == 431 and "headers" in error_of(body), (status, body)
    status, body = raw(site, b"GET /v2 HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(1000)) + b"\r\n")
    assert status in (400, 431) and "headers" in error_of(body), (status, body)
    status, body = raw(site, b"GET /" + b"v" * 100_000 + b" HTTP/1.1\r\n\r\n")
    assert status == 431, (status, body)
    for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nA b: c\r\n\r\n",
                     b"POST /v2 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"POST /v2 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        status, body = raw(site, nonsense)
        assert status == 400 and error_of(body), (nonsense, status, body)
    print("ok floods of headers and what is no HTTP")


def check_questions(site):
    def refused(part, **changes):
        body = question((1, 2, 3))
        body["inputs"][0].update(changes)
        status, _, answer = site.ask("POST", "/v2/models/rows/infer", body)
        assert status == 400 and part in answer["error"], (changes, status, answer)

    refused("its shape", shape=[2, 3])
    refused("takes the shape", shape=[3, 1])
    refused("takes the shape", shape=[3])
    refused("takes FP32", datatype="FP64")
    refused("there is no datatype", datatype="FLOAT")
    refused("expected", data=["a", "b", "c"])
    refused("expected", data=[1, None, 3])
    refused("missing", name="z")
    refused("shape", shape=[1 << 40, 1 << 40])
    for body in (b"", b"[]", b"{", b'{"inputs": 3}', b"\xff\xfe", b'{"inputs": [' + b"[" * 10_000):
        assert site.ask("POST", "/v2/models/rows/infer", body)[0] == 400, body[:20]
    assert grpc_call(site.grpc, infer, b"\xff\xff\xff")[0] == 3
    assert grpc_call(site.grpc, infer, grpc_question(row=(1, 2, 3))[:-4])[0] == 3
    assert grpc_call(site.grpc, infer, grpc_question("none"))[0] == 5
    assert grpc_call(site.grpc, "inference.GRPCInferenceService/Nothing", b"")[0] == 12
    assert site.infer()[0] == 200
    print("ok wrong shapes, types and bodies are named")


def check_slow(site):
    """Readers that do not read and writers that do not write, while others are served."""
    many = json.dumps(question(*[(1, 2, 3)] * 30_000)).encode()
    before = site.resident_mb()
    clients = []
    for _ in range(100):
        client = socket.create_connection((site.host, site.port), timeout=20)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"POST /v2/models/rows/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(many) + many)
        clients.append(client)
    begun = time.time()
    for _ in range(50):
        assert site.infer()[0] == 200
    assert time.time() - begun < 10
    assert site.resident_mb() - before < 300, site.resident_mb() - before
    for client in clients:
        client.close()
    print("ok clients that do not read what they asked for")


with tempfile.TemporaryDirectory(prefix="gyre-serve-faults-") as folder:
    work = pathlib.Path(folder)
    for scale in (1, 2):
        tiny_model(work / f"scale-{scale}.onnx", scale)
    for name in ("swap", "comes", "rows"):
        tiny_model(work / "repository" / name / "1" / "model.onnx", 1)
    with Serve("repository/rows", "repository/swap", "--repository", "repository", "--body-mb", "16", work=work) as site:
        check_swap(site, work / "repository/swap/1")
        check_rounds(site)
        check_questions(site)
        check_heads(site)
        check_bodies(site)
        check_slow(site)
        check_idle(site)
