#!/usr/bin/env python3
"""Users, roles and TLS through the programs people use: gyre, curl's kind of requests, skopeo."""
import base64, json, os, pathlib, shutil, ssl, subprocess, sys, tempfile, time, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
import stored
from server import Server, environment, gyre

work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-access-"))
environment = environment(HOME=str(work))


def run(*words, code=0, **extra):
    done = subprocess.run([gyre, *words], cwd=work, env=environment | extra, text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return (done.stdout + done.stderr).strip()


class AccessServer(Server):
    def ask(self, method, path, body=None, token=None, basic=None, context=None):
        headers = {"Authorization": "Bearer " + token} if token else {}
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(basic.encode()).decode()
        status, text = self.answer(method, path, body, headers, context)
        try:
            return status, json.loads(text or b"{}")
        except ValueError:
            return status, text


M = "/api/2.0/mlflow"


def refused_addresses():
    said = run("up", "--address", "0.0.0.0", "--port", "0", code=3)
    assert "--auth" in said, said


def roles():
    with AccessServer(work, "--auth") as server:
        ask = server.ask
        assert ask("GET", "/api/health")[0] == 200
        status, body = ask("GET", M + "/experiments/search?max_results=10")
        assert status == 401 and body["error_code"] == "UNAUTHENTICATED", (status, body)
        assert ask("GET", "/api/models", token="gyre_wrong")[0] == 401
        # The machine's own account needs no token: the file in run/ has one.
        ann = run("user", "add", "ann", "--role", "contributor")
        bob = run("user", "add", "bob", "--role", "none")
        eve = run("user", "add", "eve", "--role", "reader")
        boss = run("user", "add", "boss", "--role", "owner", "--admin")
        assert ann.startswith("gyre_") and ann not in str(stored.query(work, "SELECT * FROM member_token")), "a token is kept"
        assert "ann" in run("user", "list", GYRE_TOKEN=boss)
        assert "no admin" in run("user", "list", code=3, GYRE_TOKEN=ann)
        for basic, wanted in ((f"ann:{ann}", 200), (f"eve:{ann}", 401), ("ann:x", 401), ("ann", 401)):
            assert ask("GET", "/api/me", basic=basic)[0] == wanted, basic
        print("ok tokens", flush=True)

        status, made = ask("POST", M + "/experiments/create", {"name": "anns"}, token=ann)
        assert status == 200, made
        experiment = made["experiment_id"]
        status, made = ask("POST", M + "/runs/create", {"experiment_id": experiment, "run_name": "r"}, token=ann)
        run_id = made["run"]["info"]["run_id"]
        artifact = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/a.txt"
        metric = {"run_id": run_id, "key": "m", "value": 1, "timestamp": 1, "step": 1}
        calls = {
            "look": ("GET", M + "/runs/get?run_id=" + run_id, None),
            "look at experiment": ("GET", M + "/experiments/get?experiment_id=" + experiment, None),
            "search": ("POST", M + "/runs/search", {"experiment_ids": [experiment]}),
            "log": ("POST", M + "/runs/log-metric", metric),
            "put": ("PUT", artifact, b"bytes"),
            "get": ("GET", M + "/artifacts/list?run_id=" + run_id, None),
            "rename": ("POST", M + "/experiments/update", {"experiment_id": experiment, "new_name": "anns"}),
            "delete run": ("POST", M + "/runs/delete", {"run_id": run_id}),
            "restore run": ("POST", M + "/runs/restore", {"run_id": run_id}),
        }

        def may(token):
            return {name for name, (method, path, body) in calls.items() if ask(method, path, body, token=token)[0] == 200}

        looks = {"look", "look at experiment", "search", "get"}
        writes = looks | {"log", "put", "rename"}
        assert may(ann) == set(calls) and may(boss) == set(calls)  # ann made it, and so owns it
        assert may(eve) == looks, may(eve)
        assert may(bob) == set(), may(bob)
        assert ask("POST", M + "/runs/get", {}, token=bob)[0] in (403, 405)
        assert [e["name"] for e in ask("GET", M + "/experiments/search?max_results=10", token=bob)[1].get("experiments", [])] == []
        seen = lambda token: [run["id"] for run in ask("GET", "/api/runs", token=token)[1]["runs"]]
        assert seen(ann) == seen(eve) == [run_id] and seen(bob) == []
        status, upload = ask("POST", f"/api/2.0/mlflow-artifacts/mpu/create/{experiment}/{run_id}/artifacts", {"path": "p.bin", "num_parts": 1}, token=ann)
        (part,) = upload["credentials"]
        assert part["url"].startswith(server.url)
        put = lambda headers: server.answer("PUT", part["url"].removeprefix(server.url), b"part", headers)[0]
        assert (put({}), put({"Authorization": "Bearer " + bob}), put(part["headers"])) == (401, 403, 200)
        run("user", "role", "bob", "contributor", "--experiment", "anns", GYRE_TOKEN=ann)  # its owner may
        assert may(bob) == writes, may(bob)
        assert [e["name"] for e in ask("GET", M + "/experiments/search?max_results=10", token=bob)[1]["experiments"]] == ["anns"]
        assert seen(bob) == [run_id]
        status, said = ask("POST", M + "/experiments/create", {"name": "bobs"}, token=bob)
        assert status == 403 and said["error_code"] == "PERMISSION_DENIED", said
        assert "does not own" in run("user", "role", "eve", "owner", "--experiment", "anns", code=3, GYRE_TOKEN=bob)
        run("user", "role", "bob", "none", "--experiment", "anns", GYRE_TOKEN=ann)
        assert may(bob) == set()
        print("ok roles on experiments", flush=True)

        assert ask("POST", M + "/registered-models/create", {"name": "bottle"}, token=ann)[0] == 200
        tag = ("POST", M + "/registered-models/set-tag", {"name": "bottle", "key": "k", "value": "v"})
        assert ask(*tag, token=eve)[0] == 403 and ask(*tag, token=bob)[0] == 403 and ask(*tag, token=ann)[0] == 200
        assert ask("GET", "/api/models", token=bob)[1]["models"] == [] and len(ask("GET", "/api/models", token=eve)[1]["models"]) == 1
        run("user", "role", "bob", "reader", "--model", "bottle", GYRE_TOKEN=ann)
        assert ask("GET", "/api/models/bottle", token=bob)[0] == 200
        assert ask("DELETE", M + "/registered-models/delete", {"name": "bottle"}, token=eve)[0] == 403
        assert ask("DELETE", M + "/registered-models/delete", {"name": "bottle"}, token=ann)[0] == 200
        assert ask("POST", M + "/registered-models/create", {"name": "bottle"}, token=boss)[0] == 200
        assert ask("GET", "/api/models/bottle", token=bob)[0] == 403, "a role outlived its model"
        run("user", "role", "bob", "contributor", "--model", "bottle", GYRE_TOKEN=boss)
        ask("POST", M + "/registered-models/create", {"name": "secret"}, token=boss)
        ask("POST", M + "/model-versions/create", {"name": "secret", "source": "s3://bucket/1"}, token=boss)
        version = lambda source, **more: ask("POST", M + "/model-versions/create", {"name": "bottle", "source": source, **more}, token=bob)[0]
        assert version("s3://bucket/2") == 200
        assert version(f"mlflow-artifacts:/{experiment}/{run_id}/artifacts/a", run_id=run_id) == 403, "files of a run that bob may not see"
        assert version("models:/secret/1") == version("models:/secret@latest") == 403, "files of a model that bob may not see"
        print("ok roles on models", flush=True)

        for method, path in (("POST", "/api/devices"), ("POST", "/api/rollouts"), ("GET", "/api/audit"), ("POST", "/api/users")):
            assert ask(method, path, {} if method == "POST" else None, token=ann)[0] == 403, path
        assert ask("POST", "/api/pipelines", {}, token=eve)[0] == 403
        (work / "private.csv").write_text("a\n1\n")
        file = str(work / "private.csv")
        reading = {"pipeline": {"name": "p", "nodes": {"t": {"step": "import-csv", "inputs": {"files": "file:" + file}}}}}
        sweep = {"step": "import-csv", "inputs": {"files": "file:" + file}, "search": {"broken": {"choice": ["stop", "leave-out"]}}, "metric": "rows"}
        for path, body in (("/api/assets", {"name": "x", "type": "table", "path": file}), ("/api/packages", {"path": file}), ("/api/pipelines", reading), ("/api/sweeps", sweep)):
            status, said = ask("POST", path, body, token=boss)
            assert status == 403 and "may not have the server read " + file in said["error"]["message"], (path, status, said)
        run("gather", "csv", file)  # the machine's own account may
        entries = json.loads(run("audit", "list", "--who", "ann", "--json"))["entries"]
        assert any(e["action"] == "experiment create" and e["from"] == "127.0.0.1" for e in entries), entries
        second = run("user", "token", "ann", "--label", "laptop", GYRE_TOKEN=ann)
        assert ask("GET", "/api/me", token=second)[0] == 200
        run("user", "revoke", "ann", "laptop", GYRE_TOKEN=ann)
        assert ask("GET", "/api/me", token=second)[0] == 401
        run("user", "remove", "eve")
        assert ask("GET", "/api/me", token=eve)[0] == 401
        print("ok the rest", flush=True)
        if shutil.which("skopeo"):
            registry(server, ann, bob)
        # An upload by nobody is refused before its body is read.
        assert ask("PUT", artifact, b"x" * 50_000_000)[0] == 401
        return boss


def registry(server, ann, bob):
    layout = work / "layout"
    (layout / "blobs/sha256").mkdir(parents=True)

    def blob(data):
        import hashlib
        name = hashlib.sha256(data).hexdigest()
        (layout / "blobs/sha256" / name).write_bytes(data)
        return {"digest": "sha256:" + name, "size": len(data)}
    config = blob(b'{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}') | {"mediaType": "application/vnd.oci.image.config.v1+json"}
    manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": []}).encode())
    manifest |= {"mediaType": "application/vnd.oci.image.manifest.v1+json", "annotations": {"org.opencontainers.image.ref.name": "t"}}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    host = server.state["registry"].split("://")[1]

    def copy(*options):
        return subprocess.run(["skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", *options, f"oci:{layout}:t", f"docker://{host}/app:t"],
                              env=environment, capture_output=True, text=True).returncode
    assert copy() != 0 and copy("--dest-creds", f"bob:{bob}") != 0 and copy("--dest-creds", "ann:wrong") != 0
    assert copy("--dest-creds", f"ann:{ann}") == 0
    with urllib.request.urlopen(f"http://{host}/v2/app/tags/list") as answer:  # devices read without a name
        assert json.load(answer)["tags"] == ["t"]
    print("ok registry", flush=True)


def tls(boss):
    with AccessServer(work, "--auth", "--tls") as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=server.state["ca"])
        assert server.ask("GET", "/api/me", token=boss, context=context)[1]["name"] == "boss"
        assert "boss" in run("user", "list")
        try:
            urllib.request.urlopen(server.url + "/api/health", timeout=10)
            raise SystemExit("a certificate that nobody vouches for was taken")
        except urllib.error.URLError as error:
            assert "certificate" in str(error)
        run("user", "list", GYRE_URL=server.url, GYRE_TOKEN=boss, GYRE_CA=server.state["ca"])
        certificate, key = work / "own.crt", work / "own.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=own",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with AccessServer(work, "--auth", "--tls-certificate", str(certificate), "--tls-key", str(key)) as server:
        context = ssl.create_default_context(cafile=certificate)
        assert server.ask("GET", "/api/me", token=boss, context=context)[0] == 200
        devices = ssl.create_default_context(cafile=work / ".gyre/keys/authority/ca.crt")  # what devices trust
        with urllib.request.urlopen(server.state["registry"] + "/v2/_catalog", context=devices) as answer:
            assert answer.status == 200
    assert "belong together" in run("up", "--tls-key", str(key), code=2)
    print("ok TLS", flush=True)


try:
    run("init")
    refused_addresses()
    print("ok beyond loopback only with --auth", flush=True)
    tls(roles())
finally:
    shutil.rmtree(work, ignore_errors=True)
