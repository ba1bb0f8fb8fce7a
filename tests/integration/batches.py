#!/usr/bin/env python3
"""Batches: rows sent to an endpoint are scored while nobody waits, outlive kill -9 of the server, and a signed event tells of
their end; the same as a step of a pipeline."""
import base64, http.server, json, os, pathlib, signal, subprocess, tempfile, threading, time, urllib.error, urllib.request

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
events = []


class Receiver(http.server.BaseHTTPRequestHandler):
    """Refuses the first event of each batch."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        events.append((dict(self.headers), body))
        first = sum(headers["webhook-id"] == self.headers["webhook-id"] for headers, _ in events) == 1
        self.send_response(503 if first else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server:
    def __init__(self, *words):
        self.process = subprocess.Popen([build / "gyre", "--json", "serve", "half.onnx", "--batches", "batches", "--port", "0", "--grpc-port", "0", *words],
                                        cwd=work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ, GYRE_SCORE_SAVE_SECONDS="0.02", TMPDIR=str(work)))
        text = ""
        while not text.endswith("}\n"):
            line = self.process.stdout.readline()
            assert line, "the server ended"
            text += line
        self.url = json.loads(text)["url"] + "/endpoints/half/batches"

    def ask(self, path="", data=None, method=None, **headers):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers, method=method), timeout=60) as answer:
            return answer.status, answer.read()

    def job(self, id):
        return json.loads(self.ask(f"/{id}")[1])

    def wait(self, id):
        for _ in range(1200):
            job = self.job(id)
            if job["state"] in ("done", "failed"):
                return job
            time.sleep(0.05)
        raise AssertionError(job)

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdout.close()


def refused(call):
    try:
        call()
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]
    raise AssertionError("not refused")


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    subprocess.run([build / "gyre-tiny-model", "rows", work / "half.onnx", "0.5"], check=True)
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{receiver.server_port}/told"
    server = Server()
    try:
        status, body = server.ask(f"?webhook={hook}&keep=id", b"id,a,b,c\nx,1,2,3\ny,no,2,3\n", **{"Content-Type": "text/csv"})
        job = json.loads(body)
        assert status == 202 and job["state"] in ("waiting", "running"), job
        done = server.wait(job["id"])
        assert done["state"] == "done" and done["rows"] == 1 and done["failed"] == 1 and done["share"] == 1, done
        assert server.ask(f"/{job['id']}/answers")[1] == b"row,id,y_0,y_1,y_2\n1,x,0.5,1,1.5\n"
        assert b"is no number" in server.ask(f"/{job['id']}/failed")[1]
        assert [one["id"] for one in json.loads(server.ask()[1])["batches"]] == [job["id"]]
        print("ok a batch: job, progress, answers, failed rows")

        for _ in range(200):
            if server.job(job["id"])["webhook"]["state"] == "told":
                break
            time.sleep(0.05)
        assert server.job(job["id"])["webhook"]["attempts"] == 2, server.job(job["id"])
        headers, body = events[-1]
        event = json.loads(body)
        assert event["specversion"] == "1.0" and event["type"] == "gyre.batch.done" and event["data"]["rows"] == 1, event
        assert headers["Content-Type"] == "application/cloudevents+json"
        (work / "key.pem").write_bytes(server.ask("/key")[1])
        (work / "signed").write_bytes(f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body)
        (work / "signature").write_bytes(base64.b64decode(headers["webhook-signature"].removeprefix("v1a,")))
        verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "signed", "-sigfile", "signature"]
        assert subprocess.run(verify, cwd=work, capture_output=True).returncode == 0
        (work / "signed").write_bytes(b"another")
        assert subprocess.run(verify, cwd=work, capture_output=True).returncode != 0
        print("ok the webhook: again after a refusal, a CloudEvent whose signature holds")

        assert refused(lambda: server.ask("", b""))[0] in (400, 404)
        assert refused(lambda: server.ask("?webhook=ftp://x", b"a,b,c\n1,2,3\n")) == (400, 'the webhook "ftp://x" is no address of http or https')
        assert refused(lambda: server.ask("?form=xml", b"a,b,c\n1,2,3\n"))[0] == 400
        assert refused(lambda: server.ask("/none"))[0] == 404
        bad = json.loads(server.ask("", b"a,b\n1,2\n")[1])
        assert server.wait(bad["id"])["state"] == "failed" and "takes 3 columns" in server.job(bad["id"])["error"]
        assert refused(lambda: server.ask(f"/{bad['id']}/answers"))[0] in (400, 409)
        print("ok what cannot be done is said")

        # A batch may be taken back, whatever it does; what is ended goes after its time.
        server.ask(f"/{job['id']}", method="DELETE")
        assert refused(lambda: server.ask(f"/{job['id']}")) == (404, f"half has no batch {job['id']}") and not (work / "batches" / job["id"]).exists()
        assert refused(lambda: server.ask(f"/{job['id']}", method="DELETE"))[0] == 404

        rows = 300_000
        (work / "large.csv").write_text("a,b,c\n" + "".join(f"{row},{row % 977 / 7:.5f},{'oops' if row % 1000 == 7 else row % 13}\n" for row in range(rows)))
        subprocess.run([build / "gyre", "score", "half.onnx", "large.csv", "--out", "whole.csv"], cwd=work, check=True, capture_output=True)
        events.clear()
        job = json.loads(server.ask(f"?webhook={hook}", (work / "large.csv").read_bytes())[1])
        kills = 0
        while kills < 5:
            time.sleep(0.05 * (kills + 1))
            server.end(signal.SIGKILL)
            kills += 1
            server = Server()
        assert server.wait(job["id"])["state"] == "done", server.job(job["id"])
        assert server.ask(f"/{job['id']}/answers")[1] == (work / "whole.csv").read_bytes()
        for _ in range(200):
            if server.job(job["id"])["webhook"]["state"] == "told":
                break
            time.sleep(0.05)
        assert server.job(job["id"])["webhook"]["state"] == "told" and json.loads(events[-1][1])["data"]["rows"] == rows - rows // 1000
        print(f"ok {kills} times kill -9 of the server: the answers of an undisturbed job, and they are told of")

        job = json.loads(server.ask(f"?webhook=http://127.0.0.1:9/none", b"a,b,c\n1,2,3\n")[1])
        server.wait(job["id"])
        time.sleep(0.3)
        server.end(signal.SIGTERM)
        server = Server()
        assert server.job(job["id"])["webhook"]["state"] == "waiting" and server.job(job["id"])["webhook"]["error"]
        print("ok a webhook that nobody takes waits, after a restart too")

        long = json.loads(server.ask("", (work / "large.csv").read_bytes())[1])["id"]
        while server.job(long)["state"] == "waiting":
            time.sleep(0.01)
        server.ask(f"/{long}", method="DELETE")
        short = json.loads(server.ask("", b"a,b,c\n1,2,3\n")[1])["id"]
        assert server.wait(short)["state"] == "done" and "expires_at" in server.job(short)
        assert refused(lambda: server.ask(f"/{long}"))[0] == 404 and not (work / "batches" / long).exists()
        print("ok DELETE stops a batch that runs, and its folder goes")

        server.end(signal.SIGTERM)
        server = Server("--batch-days", "0.00001")
        brief = json.loads(server.ask("", b"a,b,c\n1,2,3\n")[1])["id"]
        for _ in range(200):
            if not (work / "batches" / brief).exists():
                break
            time.sleep(0.05)
        assert refused(lambda: server.ask(f"/{brief}"))[0] == 404 and (work / "batches" / short).exists()
        print("ok what has ended goes after its time")
    finally:
        server.end(signal.SIGTERM)
        receiver.shutdown()

    gyre = lambda *words: subprocess.run([build / "gyre", *words], cwd=work, check=True, capture_output=True, text=True).stdout
    gyre("init")
    gyre("model", "import", "half.onnx", "--as", "line", "--columns", "a,b,c")
    server = Server("line@1")
    try:
        # By the model's name, and by that of an endpoint in front of a version of it.
        endpoints = server.url.removesuffix("/half/batches")
        put = urllib.request.Request(f"{endpoints}/front", json.dumps({"targets": [{"model": "line", "version": "1"}]}).encode(), method="PUT")
        urllib.request.urlopen(put, timeout=60).close()
        for name in ("line", "front"):
            server.url = f"{endpoints}/{name}/batches"
            job = json.loads(server.ask("", b"c,b,a\n3,2,1\n")[1])
            assert server.wait(job["id"])["state"] == "done", server.job(job["id"])
            assert server.ask(f"/{job['id']}/answers")[1] == b"row,y_0,y_1,y_2\n1,0.5,1,1.5\n", server.ask(f"/{job['id']}/answers")
        page = json.load(urllib.request.urlopen(endpoints.removesuffix("/endpoints") + "/openapi.json", timeout=60))
        assert "delete" in page["paths"]["/endpoints/front/batches/{id}"] and "text/csv" in page["paths"]["/endpoints/line/predict"]["post"]["requestBody"]["content"]
    finally:
        server.end(signal.SIGTERM)
    print("ok registered models, and endpoints in front of them")

    gyre("batch", "score", "half.onnx", "large.csv", "--out", "answers")
    answers = [file for file in [work / "answers", *(work / "answers").rglob("*")] if file.is_file()]
    assert any(file.read_bytes() == (work / "whole.csv").read_bytes() for file in answers), answers
    print("ok a step: the same answers")
