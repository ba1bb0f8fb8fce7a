#!/usr/bin/env python3
"""What nobody should send to the MLflow routes: each is refused with a 4xx in MLflow's form, or taken as it is; never a 5xx, and the
server lives on with what it knew before."""
import http.client, json, os, pathlib, subprocess, tempfile, time

gyre = os.path.abspath(os.environ.get("GYRE_BUILD", "build") + "/gyre")
environment = {k: v for k, v in os.environ.items() if not k.startswith("GYRE_") or k == "GYRE_ROWS"}
work = tempfile.TemporaryDirectory(prefix="gyre-bad-input-")
folder = pathlib.Path(work.name) / "workspace"
folder.mkdir()
subprocess.run([gyre, "init"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
server = subprocess.Popen([gyre, "up", "--port", "0", "--registry-port", "0", "--mqtt-port", "0"], cwd=folder, env=environment, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
api = "/api/2.0/mlflow/"
long, emoji = "x" * 10_000_000, "\U0001f3ed\U0001d4b3"


def raw(method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def ask(path, body):
    status, text = raw("POST", api + path, json.dumps(body).encode())
    return status, json.loads(text)


def refused(what, status, text):
    assert 400 <= status < 500, (what, status, text[:300])
    said = json.loads(text)
    assert said.get("error_code") and said.get("message") or said.get("error"), (what, said)
    assert len(said.get("message", "")) < 2000, (what, len(said["message"]))


def metrics():
    """Numbers that JSON does not have are said as texts; infinities are kept as the largest numbers."""
    for value in ("NaN", "Infinity", "-Infinity", 1e308, -0.0, 5e-324):
        assert ask("runs/log-metric", {"run_id": run, "key": "m", "value": value, "timestamp": 1})[0] == 200, value
    for text in (b"NaN", b"Infinity", b"1e999", b"01", b"0x1", b"--1", b"[1]", b"{}", b"true", b'"1 "', b'""', b"null"):
        if text == b"1e999":
            continue  # a JSON number too large for a double: read as infinite
        refused(text, *raw("POST", api + "runs/log-metric", b'{"run_id":"%s","key":"m","timestamp":1,"value":%s}' % (run.encode(), text)))
    for part, value in (("timestamp", -1), ("timestamp", 1.5), ("timestamp", 2**64), ("step", 2**63), ("step", "1e3"), ("run_id", 5), ("run_id", "'; DROP TABLE run; --")):
        status, answer = ask("runs/log-metric", {"run_id": run, "key": "m", "value": 1, "timestamp": 1, part: value})
        assert status in (400, 404) and answer["error_code"], (part, value, answer)


def names():
    for key in ("../x", "/etc/passwd", "a//b", "a/../b", "a/", ".", "..", "", 'q"uote', "q'uote", "a\nb", "a\0b", "a;b", "a\\b", "k" * 251, "%s%n", "<script>"):
        for path, more in (("runs/log-metric", {"value": 1, "timestamp": 1}), ("runs/log-parameter", {"value": "1"}), ("runs/set-tag", {"value": "1"})):
            status, answer = ask(path, {"run_id": run, "key": key, **more})
            assert status == 400 and answer["error_code"] == "INVALID_PARAMETER_VALUE", (path, key, status, answer)
    for key in ("a/b/c", "dots.and-dashes", "größe", "a:b c"):
        assert ask("runs/log-parameter", {"run_id": run, "key": key, "value": emoji})[0] == 200, key
    for name in ("a/b", "..", "a:b", "", " "):
        assert ask("registered-models/create", {"name": name})[0] == 400, name
    for name in ("'; DROP TABLE experiment; --", '"quoted"', "../../up", emoji, "%00", "a\tb"):
        status, answer = ask("experiments/create", {"name": name})
        assert status == 200, (name, answer)
        got = json.loads(raw("GET", api + "experiments/get?experiment_id=" + answer["experiment_id"])[1])
        assert got["experiment"]["name"] == name


def long_texts():
    assert ask("runs/log-parameter", {"run_id": run, "key": "long", "value": long})[0] == 200
    assert ask("runs/set-tag", {"run_id": run, "key": "long", "value": long})[0] == 200
    got = json.loads(raw("GET", api + "runs/get?run_id=" + run)[1])["run"]["data"]
    assert max(len(p["value"]) for p in got["params"]) == 6000 and max(len(t["value"]) for t in got["tags"]) == 8000
    for path, body in (("experiments/create", {"name": long}), ("registered-models/create", {"name": long}), ("runs/search", {"experiment_ids": ["0"], "filter": long}),
                       ("runs/search", {"experiment_ids": ["0"], "order_by": [long]}), ("runs/log-metric", {"run_id": long, "key": "m", "value": 1, "timestamp": 1})):
        refused(path, *raw("POST", api + path, json.dumps(body).encode()))
    refused("too large", *raw("POST", api + "runs/log-parameter", json.dumps({"run_id": run, "key": "x", "value": "y" * 20_000_000}).encode()))


def filters():
    for text in ("'; DROP TABLE run; --", "metrics.a > 1; DELETE FROM run", "params.a = 'x' OR 1=1", "params.a = 'x' UNION SELECT * FROM run", "metrics.`a", "metrics.a > ",
                 "((((((", "params.a LIKE 5", "a" * 5000, "metrics.a > 1 and " * 3000, "\0", emoji, "params.a = 'x' --", "/* */ metrics.a > 1", "attributes.run_id IN (" + "'a'," * 40000 + "'a')"):
        status, answer = raw("POST", api + "runs/search", json.dumps({"experiment_ids": ["0"], "filter": text}).encode())
        assert status == 400 or (status == 200 and " IN (" in text), (text[:60], status, answer[:200])
    assert json.loads(raw("POST", api + "runs/search", json.dumps({"experiment_ids": ["0"], "filter": "params.a = 'it''s'"}).encode())[1]) == {"runs": []}
    for text in ("params.a LIKE '%" + "%_" * 2000 + "'", "params.a ILIKE '" + "%" * 5000 + "x'"):
        began = time.time()
        status, _ = raw("POST", api + "runs/search", json.dumps({"experiment_ids": ["0"], "filter": text}).encode())
        assert status in (200, 400) and time.time() - began < 5, text[:20]


def bodies():
    good = json.dumps({"run_id": run, "key": "p", "value": "1"}).encode()
    for body in (b"", b"{", good[:-5], b"[1]", b'"text"', b"null", b"\xff\xfe{}", b'{"run_id":"\xff"}', b'{"run_id":"\\ud800"}', b"[" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
                 good + good, b"run_id=1&key=2"):
        for path in ("runs/log-parameter", "runs/log-batch", "runs/create" if body != b"" else "runs/log-metric", "logged-models", "registered-models/create"):
            refused((path, body[:30]), *raw("POST", api + path, body))
    refused("twice", *raw("POST", api + "runs/log-parameter", b'{"key":"a","run_id":1,"run_id":{}}'))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=latin-1"):
        status, text = raw("POST", api + "runs/log-parameter", good, {"Content-Type": kind})
        assert status in (200, 400, 415), (kind, status)
    for wrong in ({"metrics": "x"}, {"metrics": [1]}, {"metrics": [[]]}, {"params": [{"key": "a"}, {"key": {}}]}, {"tags": {"key": "a"}}, {"metrics": [{"key": "a", "value": {}, "timestamp": 1}]}):
        status, answer = ask("runs/log-batch", {"run_id": run, **wrong})
        assert status == 400, (wrong, answer)


def paths():
    outside = pathlib.Path(work.name) / "outside.txt"
    for path in ("../../../outside.txt", "%2e%2e/%2e%2e/outside.txt", "%252e%252e/outside.txt", "..%5coutside.txt", "/etc/passwd", "a/%00", "a//b", "./a", "a%0ab", "#"):
        status, _ = raw("PUT", "/api/2.0/mlflow-artifacts/artifacts/" + path.replace("#", "%23"), b"x")
        assert status in (400, 404), (path, status)
        for get in ("/get-artifact?run_id=" + run + "&path=", "/ajax-api/2.0/mlflow/artifacts/list?run_id=" + run + "&path="):
            status, text = raw("GET", get + path.replace("#", "%23"))
            assert status in (400, 404), (get, path, status, text)
    assert not outside.exists() and sorted(p.name for p in pathlib.Path(work.name).iterdir()) == ["workspace"]
    for source in ("/etc/passwd", "file:///etc/passwd", "s3://b/../../x", "mlflow-artifacts:/../../x", "runs:/x/../../y", "models:/", "models://host/x", "", ":", "gyre:sha256:zz"):
        status, answer = ask("model-versions/create", {"name": "model", "source": source})
        assert status in (400, 404), (source, status, answer)


try:
    while not (folder / ".gyre/run/server.json").exists():
        assert server.poll() is None
        time.sleep(0.05)
    port = int(json.loads((folder / ".gyre/run/server.json").read_text())["url"].rsplit(":", 1)[1])
    run = ask("runs/create", {"experiment_id": "0"})[1]["run"]["info"]["run_id"]
    assert ask("registered-models/create", {"name": "model"})[0] == 200
    for check in (metrics, names, long_texts, filters, bodies, paths):
        check()
        assert server.poll() is None, check.__name__
        assert ask("runs/search", {"experiment_ids": ["0"], "max_results": 1})[1]["runs"][0]["info"]["run_id"] == run, check.__name__
        print("ok", check.__name__, flush=True)
finally:
    server.terminate()
    server.wait()
    work.cleanup()
