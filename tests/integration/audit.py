#!/usr/bin/env python3
"""The audit log through the program: rows are altered by SQLite itself, and `gyre audit verify` names them."""
import json, os, pathlib, shutil, sqlite3, subprocess, tempfile, time, urllib.request

gyre = os.path.abspath(os.environ.get("GYRE_BUILD", "build") + "/gyre")
work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-audit-"))
environment = {k: v for k, v in os.environ.items() if not k.startswith("GYRE_")}


def run(*words, code=0):
    done = subprocess.run([gyre, *words], cwd=work, env=environment, text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def altered(statement, expected):
    for end in ("", "-wal", "-shm"):  # a copy of the rows, whole
        if (work / f".gyre/gyre.db{end}").exists():
            shutil.copy(work / f".gyre/gyre.db{end}", work / f"before{end}")
    rows = sqlite3.connect(work / ".gyre/gyre.db")
    rows.executescript(statement)
    rows.close()
    said = run("audit", "verify", code=5)
    assert expected in said and "NOT as it was written" in said, (statement, said)
    for end in ("", "-wal", "-shm"):
        (work / f".gyre/gyre.db{end}").unlink(missing_ok=True)
        if (work / f"before{end}").exists():
            os.rename(work / f"before{end}", work / f".gyre/gyre.db{end}")
    print("ok", expected, flush=True)


try:
    run("init")
    server = subprocess.Popen([gyre, "up", "--port", "0", "--registry-port", "0", "--mqtt-port", "0", "--json"], cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        while not (work / ".gyre/run/server.json").exists():
            assert server.poll() is None
            time.sleep(0.05)
        url = json.loads((work / ".gyre/run/server.json").read_text())["url"]

        def post(path, body):
            request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
            return json.load(urllib.request.urlopen(request))

        for i in range(12):
            post("/api/2.0/mlflow/experiments/create", {"name": f"e{i}"})
        listed = json.loads(run("audit", "list", "--json"))["entries"]
        assert len(listed) == 12 and listed[0]["action"] == "experiment create" and listed[0]["from"].startswith("127.0.0.1"), listed[0]
        assert len(json.loads(run("audit", "list", "--limit", "3", "--json"))["entries"]) == 3
        assert json.loads(run("audit", "list", "--who", "nobody", "--json"))["entries"] == []
        print("ok list says who and from where", flush=True)
        (work / "kept.note").write_text(run("audit", "checkpoint"))
        proof = json.loads(run("audit", "prove", "5", "--json"))
        assert proof["index"] == 4 and proof["size"] == 12 and len(proof["path"]) >= 3
        print("ok prove", flush=True)
    finally:
        server.kill()
        server.wait()
    assert "good" in run("audit", "verify") and "good" in run("audit", "verify", "--checkpoint", "kept.note")
    print("ok verify after kill -9", flush=True)
    altered("UPDATE audit SET after = '{\"name\":\"forged\"}' WHERE id = 7", "entry 7 altered")
    altered("UPDATE audit SET at = at + 1 WHERE id = 1", "entry 1 altered")
    altered("DELETE FROM audit WHERE id = 4", "entry 4 removed")
    altered("DELETE FROM audit WHERE id > 10; DELETE FROM audit_checkpoint", "entries 11 to 12 removed")
    altered("UPDATE audit SET id = 100 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 8; UPDATE audit SET id = 8 WHERE id = 100",
            "entry 3 reordered: it was written as entry 8")
    assert "good" in run("audit", "verify")
finally:
    shutil.rmtree(work, ignore_errors=True)
