#!/usr/bin/env python3
"""The audit log through the program: rows are altered by SQLite itself, and `gyre audit verify` names them."""
import http.client, json, os, pathlib, shutil, sqlite3, subprocess, sys, tempfile, threading, time, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
import stored
from server import Server, environment, gyre

work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-audit-"))
environment = environment()


def run(*words, code=0):
    done = subprocess.run([gyre, *words], cwd=work, env=environment, text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def altered(statement, expected):
    if "GYRE_ROWS" in environment:  # as SQLite only: the unit tests alter PostgreSQL's
        return
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


def under_load():
    """Eight clients change things while the server is killed: what was answered has its entry, and all entries fit."""
    answered = []
    for round in range(3):
        with Server(work) as server:
            def client(number):
                for i in range(10_000):
                    name = f"load {round} {number} {i}"
                    try:
                        answered.append((server.ask("POST", "/api/2.0/mlflow/experiments/create", {"name": name})["experiment_id"], name))
                    except (OSError, http.client.HTTPException):
                        return
            threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(1)
            server.kill()
            for thread in threads:
                thread.join()
        assert "good" in run("audit", "verify")
    entries = dict(stored.query(work, "SELECT subject, after FROM audit WHERE action = 'experiment create'"))
    assert len(answered) > 300, len(answered)
    for id, name in answered:
        assert json.loads(entries[id])["name"] == name, (id, name)
    print(f"ok killed under load: each of {len(answered)} answered changes has its entry", flush=True)


try:
    run("init")
    with Server(work) as server:
        for i in range(12):
            server.ask("POST", "/api/2.0/mlflow/experiments/create", {"name": f"e{i}"})
        listed = json.loads(run("audit", "list", "--json"))["entries"]
        assert len(listed) == 12 and listed[0]["action"] == "experiment create" and listed[0]["from"].startswith("127.0.0.1"), listed[0]
        assert len(json.loads(run("audit", "list", "--limit", "3", "--json"))["entries"]) == 3
        assert json.loads(run("audit", "list", "--who", "nobody", "--json"))["entries"] == []
        print("ok list says who and from where", flush=True)
        (work / "kept.note").write_text(run("audit", "checkpoint"))
        proof = json.loads(run("audit", "prove", "5", "--json"))
        assert proof["index"] == 4 and proof["size"] == 12 and len(proof["path"]) >= 3
        print("ok prove", flush=True)
    assert "good" in run("audit", "verify") and "good" in run("audit", "verify", "--checkpoint", "kept.note")
    print("ok verify after kill -9", flush=True)
    under_load()
    run("audit", "checkpoint")  # what is not signed yet can be cut off unseen: that is what checkpoints are for
    altered("UPDATE audit SET after = '{\"name\":\"forged\"}' WHERE id = 7", "entry 7 altered")
    altered("UPDATE audit SET at = at + 1 WHERE id = 1", "entry 1 altered")
    altered("DELETE FROM audit WHERE id = 4", "entry 4 removed")
    last = json.loads(run("audit", "list", "--limit", "1", "--json"))["entries"][0]["id"]
    altered(f"DELETE FROM audit WHERE id > {last - 2}; DELETE FROM audit_checkpoint", f"entries {last - 1} to {last} removed")
    altered("UPDATE audit SET id = 1000000000 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 8; UPDATE audit SET id = 8 WHERE id = 1000000000",
            "entry 3 reordered: it was written as entry 8")
    assert "good" in run("audit", "verify")
finally:
    shutil.rmtree(work, ignore_errors=True)
