#!/usr/bin/env python3
"""gyre gc takes what nothing refers to, and nothing else; killed in the middle it has broken nothing."""
import hashlib, json, os, pathlib, shutil, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from server import Server, environment, gyre

work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-gc-"))
environment = environment()
blobs = work / ".gyre/blobs/sha256"


def run(*words, code=0):
    done = subprocess.run([gyre, *words], cwd=work, env=environment, text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def gc(*words):
    return json.loads(run("gc", "--older-than", "0s", "--json", *words))


def place(data):
    name = hashlib.sha256(data).hexdigest()
    return blobs / name[:2] / name[2:]


A = "/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/"
try:
    run("init")
    (work / "data").mkdir()
    for i in range(20):
        (work / "data" / f"{i}.txt").write_text(f"sample {i}")
    with Server(work) as server:
        server.ask("POST", "/api/assets", {"name": "set", "type": "folder", "path": str(work / "data")})
        for i in range(300):
            server.ask("PUT", A + f"drop/{i}.bin", b"drop %d" % i)
        server.ask("PUT", A + "keep.bin", b"keep")
        before = gc()
        assert before["unused"] == 0 and before["kept"] == 322, before
        server.ask("DELETE", A + "drop")
        counted = gc()
        assert counted["unused"] == 300 and not counted["removed"] and place(b"drop 7").exists(), counted
        assert json.loads(run("gc", "--json"))["unused"] == 0, "what is young was counted"
        print("ok counts, and removes nothing unless told", flush=True)
        gone = gc("--delete")
        assert gone["unused"] == 300 and not place(b"drop 7").exists() and place(b"keep").exists()
        assert server.ask("GET", A + "keep.bin") == b"keep"
        assert json.loads(run("audit", "list", "--json"))["entries"][0]["action"] == "gc"
        assert gc("--delete")["unused"] == 0
        print("ok takes what nothing refers to", flush=True)
        # Put again while nothing refers to it yet: it is as good as new.
        server.ask("PUT", A + "again.bin", b"again")
        server.ask("DELETE", A + "again.bin")
        os.utime(place(b"again"), (1, 1))
        server.ask("PUT", A + "again.bin", b"again")
        assert json.loads(run("gc", "--delete", "--json"))["unused"] == 0 and place(b"again").exists()
        print("ok what is put again counts as new", flush=True)
        for i in range(1500):
            server.ask("PUT", A + f"many/{i}.bin", b"many %d" % i)
        server.ask("DELETE", A + "many")
        killer = subprocess.Popen([gyre, "gc", "--older-than", "0s", "--delete"], cwd=work, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while place(b"many 0").exists() and place(b"many 1").exists() and killer.poll() is None:
            time.sleep(0.0005)
        server.kill()
        killer.wait()
    left = sum(place(b"many %d" % i).exists() for i in range(1500))
    with Server(work) as server:
        assert server.ask("GET", A + "keep.bin") == b"keep"
        assert json.loads(run("gc", "--older-than", "0s", "--delete", "--json"))["unused"] == left
        for i in range(20):
            assert place(f"sample {i}".encode()).exists()
        assert "20" in run("data", "show", "set")
    print(f"ok kill -9 in the middle ({left} were left, and are gone now)", flush=True)
    # What a step gave and nobody kept goes with the cache, and is made again.
    (work / "p.yaml").write_text("name: p\nnodes:\n  gather:\n    step: gather-line-pump\n    options: {recordings: 1, seconds: 20}\n")
    run("run", "p.yaml")
    assert gc()["unused"] == 0
    cached = gc("--cache")
    assert cached["unused"] >= 1, cached
    assert gc("--cache", "--delete")["unused"] == cached["unused"] and gc("--cache")["unused"] == 0
    run("run", "p.yaml")
    assert gc("--cache")["unused"] == cached["unused"]
    print("ok the cache goes when told, and comes again", flush=True)
finally:
    shutil.rmtree(work, ignore_errors=True)
