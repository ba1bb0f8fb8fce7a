#!/usr/bin/env python3
"""What runs were made from, what came from what, and OpenLineage events that a server hears when it is there."""
import http.server, json, os, pathlib, shutil, subprocess, sys, tempfile, threading, time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
import stored

gyre = os.path.abspath(os.environ.get("GYRE_BUILD", "build") + "/gyre")
work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-lineage-"))
environment = {k: v for k, v in os.environ.items() if not k.startswith(("GYRE_", "GIT_")) or k == "GYRE_ROWS"} | {"HOME": str(work)}


def run(*words, code=0):
    done = subprocess.run([gyre, *words], cwd=work, env=environment, text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def git(*words):
    return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=work, env=environment, check=True, text=True, capture_output=True).stdout.strip()


events = []


class Ears(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


try:
    run("init")
    (work / ".gitignore").write_text(".gyre\n")
    (work / "p.yaml").write_text("name: p\nnodes:\n  pump:\n    step: gather-line-pump\n    options: {recordings: 1, seconds: 20}\n    keep: {series: pump}\n")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    run("run", "p.yaml")
    (run_id,) = [r["id"] for r in json.loads(run("runs", "--json"))["runs"]]
    def tag(run, key):
        rows = stored.query(work, f"SELECT t.value FROM run_tag t JOIN run r ON r.number = t.run WHERE r.id = '{run}' AND t.key = '{key}'")
        return rows[0][0] if rows else None

    assert tag(run_id, "mlflow.source.git.commit") == git("rev-parse", "HEAD") and tag(run_id, "mlflow.source.git.branch") == "main"
    assert tag(run_id, "gyre.git.dirty") == "false" and tag(run_id, "mlflow.source.name") == "p.yaml"
    (work / "p.yaml").write_text((work / "p.yaml").read_text().replace("20", "21"))
    (work / "new.txt").write_text("x")
    run("run", "p.yaml")
    (second,) = [r["id"] for r in json.loads(run("runs", "--json"))["runs"] if r["id"] != run_id]
    assert tag(second, "gyre.git.dirty") == "true"
    digest = stored.query(work, f"SELECT digest FROM artifact WHERE path LIKE '%/{second}/artifacts/source.diff'")[0][0][7:]
    diff = (work / ".gyre/blobs/sha256" / digest[:2] / digest[2:]).read_text()
    assert "+    options: {recordings: 1, seconds: 21}" in diff and "?? new.txt" in diff, diff
    print("ok commit, branch and difference of the folder are recorded with each run", flush=True)

    lineage = json.loads(run("lineage", "pump", "--json"))
    assert lineage["kind"] == "data" and lineage["sources"][0]["from"] == {"kind": "run", "id": second}, lineage
    assert json.loads(run("lineage", "run/" + run_id, "--json"))["results"]
    run("lineage", "nothing", code=4)
    print("ok lineage of data by its name", flush=True)

    # Nobody listens: the pipeline does not mind, and the events wait.
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ears)
    port = server.server_address[1]
    server.server_close()
    (work / ".gyre/config.json").write_text(json.dumps({"openlineage": f"http://127.0.0.1:{port}/api/v1/lineage"}))
    began = time.time()
    run("run", "p.yaml", "--fresh")
    assert time.time() - began < 15
    waiting = stored.query(work, "SELECT count(*) FROM openlineage_event")[0][0]
    assert waiting == 2 and not events, waiting
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Ears)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (work / "p.yaml").write_text((work / "p.yaml").read_text().replace("21", "22"))
    run("run", "p.yaml")
    server.shutdown()
    server.server_close()
    assert [e["eventType"] for e in events] == ["START", "COMPLETE"] * 2, events
    last = events[-1]
    assert last["job"] == {"namespace": "gyre", "name": "gather-line-pump"} and last["outputs"][0]["name"].startswith("sha256:")
    assert len(last["run"]["runId"]) == 36 and events[0]["run"]["runId"] == events[1]["run"]["runId"] != last["run"]["runId"]
    assert stored.query(work, "SELECT count(*) FROM openlineage_event")[0][0] == 0
    print("ok OpenLineage events wait for who is away, and come in order", flush=True)
finally:
    shutil.rmtree(work, ignore_errors=True)
