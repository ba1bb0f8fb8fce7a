#!/usr/bin/env python3
"""Who may ask `gyre serve`: TLS, keys of a file, users' tokens, limits, on both ports; each refusal is the protocol's own error."""
import concurrent.futures, hashlib, json, os, pathlib, socket, ssl, struct, subprocess, sys, tempfile, time, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from serve_site import Serve, build, environment, grpc_call, grpc_question, question, tiny_model
from server import Server

infer = "inference.GRPCInferenceService/ModelInfer"
keys = {name: f"{name}-key-of-this-test" for name in ("line", "boss", "slow", "other")}


def bearer(name):
    return {"Authorization": "Bearer " + keys.get(name, name)}


def gyre(work, *words, code=0):
    done = subprocess.run([build / "gyre", *words], cwd=work, env=environment | {"HOME": str(work)}, text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def check_refused_start(work):
    said = gyre(work, "serve", "rows.onnx", "--address", "0.0.0.0", code=3)
    assert "--key-file" in said, said
    (work / "bad.json").write_text('{"keys": [{"name": "short", "key": "abc"}]}')
    assert "key short" in gyre(work, "serve", "rows.onnx", "--key-file", "bad.json", code=2)
    assert "belong together" in gyre(work, "serve", "rows.onnx", "--tls-key", "x", code=2)
    print("ok what would let everybody in does not start")


def check_heads(site):
    """The head of a request says who asks: nobody's body is waited for."""
    def said(head, then=b""):
        with socket.create_connection((site.host, site.port), timeout=10) as client:
            client.sendall(head)
            if then:
                time.sleep(0.1)
                client.sendall(then)
            return client.recv(65536).decode()

    head = "POST /v2/models/{}/infer HTTP/1.1\r\nHost: x\r\n{}\r\n{}\r\n\r\n"
    ours = f"Authorization: Bearer {keys['line']}"
    whole = json.dumps(question((1, 2, 3))).encode()
    large, sized = "Content-Length: 100000000", f"Content-Length: {len(whole)}"
    assert " 401 " in said(head.format("rows", "Accept: */*", large).encode())
    assert " 401 " in said(head.format("rows", "api-key: wrong", "Transfer-Encoding: chunked").encode())
    assert " 403 " in said(head.format("twice", ours, large).encode())
    assert " 401 " in said(head.format("rows", "Expect: 100-continue", sized).encode())
    assert " 100 Continue" in said(head.format("rows", ours, sized + "\r\nExpect: 100-continue").encode())
    assert " 413 " in said(head.format("rows", ours, "Content-Length: 100000000000").encode())
    assert " 200 " in said(head.format("rows", ours, sized).encode(), whole)
    assert " 200 " in said(head.format("rows", ours, "Transfer-Encoding: chunked").encode(), b"%x\r\n%s\r\n0\r\n\r\n" % (len(whole), whole))
    # Of a gRPC call: the message that it announces never comes.
    announced = b"\0" + struct.pack(">I", 50_000_000)
    assert grpc_call(site.grpc, infer, b"", frame=announced)[0] == 16
    assert grpc_call(site.grpc, infer, b"", {"api-key": keys["line"]}, frame=announced)[0] == 3  # "ends in the middle"
    print("ok a head is judged before its body comes")


def check_keys(work):
    file = work / "keys.json"

    def write(*more):
        file.write_text(json.dumps({"keys": [
            {"name": "line", "key": keys["line"], "models": ["rows"]},
            {"name": "boss", "digest": "sha256:" + hashlib.sha256(keys["boss"].encode()).hexdigest(), "manage": True},
            {"name": "slow", "key": keys["slow"], "requests_per_second": 2}, *more]}))

    write()
    with Serve("rows.onnx", "twice.onnx", "--key-file", file, work=work) as site:
        assert site.ask("GET", "/v2/health/ready")[0] == 200
        status, headers, body = site.infer()
        assert status == 401 and "key" in body["error"] and "Bearer" in headers["WWW-Authenticate"], (status, body)
        assert site.infer(headers=bearer("wrong"))[0] == 401
        assert site.infer(headers=bearer("line"))[2]["outputs"][0]["data"] == [1, 2, 3]
        assert site.infer(headers={"api-key": keys["line"]})[0] == 200
        status, _, body = site.infer("twice", headers=bearer("line"))
        assert status == 403 and "may not use model twice" in body["error"], body
        assert site.ask("POST", "/v2/models%2Ftwice/infer", question((1, 2, 3)), bearer("line"))[0] == 403
        assert site.ask("POST", "/v2/repository/models/rows/unload", {}, bearer("line"))[0] == 403
        assert site.ask("PUT", "/endpoints/e", {"targets": [{"model": "rows"}]}, bearer("line"))[0] == 403
        assert site.ask("PUT", "/endpoints/e", {"targets": [{"model": "rows"}]}, bearer("boss"))[0] == 200
        assert site.ask("GET", "/metrics")[0] == 401 and site.ask("GET", "/metrics", headers=bearer("line"))[0] == 200
        print("ok keys over REST")

        assert grpc_call(site.grpc, infer, grpc_question())[0] == 16
        assert grpc_call(site.grpc, infer, grpc_question(), {"authorization": "Bearer wrong"})[0] == 16
        assert grpc_call(site.grpc, infer, grpc_question("twice"), {"authorization": "Bearer " + keys["line"]})[0] == 7
        assert grpc_call(site.grpc, infer, grpc_question(), {"api-key": keys["line"]})[0] == 0
        assert grpc_call(site.grpc, "grpc.health.v1.Health/Check", b"")[0] == 0
        unload = "inference.GRPCInferenceService/RepositoryModelUnload"
        assert grpc_call(site.grpc, unload, b"\x12\x04rows", {"api-key": keys["line"]})[0] == 7
        print("ok keys over gRPC")

        check_heads(site)

        answers = [site.infer(headers=bearer("slow")) for _ in range(12)]
        limited = [answer for answer in answers if answer[0] == 429]
        assert answers[0][0] == answers[1][0] == 200 and len(limited) >= 5, [answer[0] for answer in answers]
        assert int(limited[0][1]["Retry-After"]) >= 1 and "2 times a second" in limited[0][2]["error"]
        statuses = [grpc_call(site.grpc, infer, grpc_question(), {"api-key": keys["slow"]})[0] for _ in range(3)]
        assert 8 in statuses, statuses
        time.sleep(1.2)
        assert site.infer(headers=bearer("slow"))[0] == 200
        assert site.infer(headers=bearer("line"))[0] == 200  # others are not slowed
        print("ok requests a second")

        write({"name": "other", "key": keys["other"], "at_once": 1})
        until = time.time() + 10
        while site.infer(headers=bearer("other"))[0] == 401:
            assert time.time() < until
            time.sleep(0.1)
        with concurrent.futures.ThreadPoolExecutor(8) as clients:  # a large request is worked on for a while
            body = json.dumps(question(*[(1, 2, 3)] * 200_000)).encode()
            got = [one.result()[0] for one in [clients.submit(site.ask, "POST", "/v2/models/rows/infer", body, bearer("other")) for _ in range(8)]]
        assert set(got) <= {200, 429} and 200 in got, got
        assert site.infer(headers=bearer("other"))[0] == 200  # the place is free again
        write()
        time.sleep(1.2)
        site.infer(headers=bearer("line"))
        assert site.infer(headers=bearer("other"))[0] == 401
        file.write_text("{")
        time.sleep(1.2)
        assert site.infer(headers=bearer("line"))[0] == 200
        print("ok the key file is read again; a bad one changes nothing")


def check_tls(work):
    with Serve("rows.onnx", "--tls", work=work) as site:
        ca = work / ".gyre/keys/authority/ca.crt"
        context = ssl.create_default_context(cafile=ca)
        assert site.tls and site.infer(context=context)[2]["outputs"][0]["data"] == [1, 2, 3]
        many = [(1, 2, 3)] * 100_000  # larger than what TLS and the socket hold
        status, _, body = site.infer(rows=many, context=context)
        assert status == 200 and len(body["outputs"][0]["data"]) == 300_000
        try:
            site.infer(context=ssl.create_default_context())
            raise AssertionError("an unknown authority was believed")
        except ssl.SSLCertVerificationError:
            pass
        status, message, body = grpc_call(site.grpc, infer, grpc_question(), ca=ca)
        assert status == 0 and body, (status, message)
        plain = subprocess.run(["curl", "-s", f"http://{site.host}:{site.port}/v2"], capture_output=True)
        assert plain.returncode != 0
        connection = site.connection(context)
        for _ in range(50):  # one connection, many requests
            connection.request("POST", "/v2/models/rows/infer", json.dumps(question((1, 2, 3))))
            assert connection.getresponse().read()
        connection.close()
        print("ok TLS on both ports")


def check_tokens(work):
    with Server(work, "--auth", env=environment | {"HOME": str(work)}) as up:
        token = {}
        for name, role in (("reader", "reader"), ("maker", "contributor"), ("one", "none")):
            token[name] = json.loads(gyre(work, "user", "add", name, "--role", role, "--json"))["token"]
        with Serve("rows.onnx", "--auth", work=work) as site:
            assert site.infer()[0] == 401 and site.infer(headers=bearer("gyre_nobody"))[0] == 401
            assert site.infer(headers=bearer(token["reader"]))[0] == 200
            assert site.infer(headers=bearer(token["one"]))[0] == 403
            assert site.ask("POST", "/v2/repository/models/rows/load", {}, bearer(token["reader"]))[0] == 403
            assert site.ask("POST", "/v2/repository/models/rows/load", {}, bearer(token["maker"]))[0] == 200
            assert grpc_call(site.grpc, infer, grpc_question(), {"authorization": "Bearer " + token["reader"]})[0] == 0
            assert grpc_call(site.grpc, infer, grpc_question(), {"authorization": "Bearer gyre_other"})[0] == 16
            up.stop()
            assert site.infer(headers=bearer(token["reader"]))[0] == 200  # believed for a while
            assert site.infer(headers=bearer("gyre_unseen"))[0] == 503
    print("ok tokens of the workspace's users")


with tempfile.TemporaryDirectory(prefix="gyre-serve-access-") as folder:
    work = pathlib.Path(folder)
    gyre(work, "init")
    tiny_model(work / "rows.onnx", 1)
    tiny_model(work / "twice.onnx", 2)
    check_refused_start(work)
    check_keys(work)
    check_tls(work)
    check_tokens(work)
