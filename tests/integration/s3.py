#!/usr/bin/env python3
"""Blobs in S3: a real server of the protocol (versitygw), whole files and parts, cut off and away for a while."""
import hashlib, json, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from server import Server, environment, gyre

program = shutil.which("versitygw") or str(pathlib.Path(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))) / "gyre/bin/versitygw")
if not os.path.exists(program):
    print("skipped: no versitygw (go install github.com/versity/versitygw/cmd/versitygw@latest, then into PATH)")
    sys.exit(0)
work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-s3-"))
bucket = work / "store/bucket"
keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret secret"}
environment = environment(**keys)
A = "/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


port = free_port()
url = f"s3://bucket/team?endpoint=http://127.0.0.1:{port}"


def start_store():
    store = subprocess.Popen([program, "--port", f"127.0.0.1:{port}", "posix", str(work / "store")],
                             env=environment | {"ROOT_ACCESS_KEY": keys["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": keys["AWS_SECRET_ACCESS_KEY"]},
                             stdout=open(work / "store.log", "a"), stderr=subprocess.STDOUT)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return store
        except OSError:
            time.sleep(0.05)
    raise SystemExit("versitygw does not start")


def name_of(data):
    digest = hashlib.sha256(data).hexdigest()
    return pathlib.Path("sha256") / digest[:2] / digest[2:]


def there(data):
    return bucket / "team" / name_of(data)


store = None
try:
    bucket.mkdir(parents=True)
    home = work / "home"
    home.mkdir()
    store = start_store()
    subprocess.run([gyre, "init"], cwd=home, env=environment, check=True, stdout=subprocess.DEVNULL)
    with Server(home, env=environment) as server:
        assert server.answer("PUT", A + "early", b"early")[0] == 200
    large = os.urandom(40_000_000)  # three parts
    with Server(home, "--blobs", url, env=environment) as server:
        assert there(b"early").read_bytes() == b"early"  # what was here went there
        began = time.time()
        assert server.answer("PUT", A + "large.bin", large)[0] == 200
        took = time.time() - began
        assert there(large).read_bytes() == large
        assert server.answer("PUT", A + "small", b"small")[0] == 200 and there(b"small").exists()
        print(f"ok put, in parts too ({40 / took:.0f} MB/s)", flush=True)
    # Another machine's disk: everything comes from there. The setting is kept in the workspace.
    shutil.rmtree(home / ".gyre/blobs/sha256")
    with Server(home, env=environment) as server:
        assert server.answer("GET", A + "large.bin") == (200, large) and server.answer("GET", A + "small") == (200, b"small")
        print("ok get", flush=True)
        # The store goes away for three seconds: clients wait.
        store.send_signal(signal.SIGKILL)
        store.wait()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(server.answer("PUT", A + "patient", b"patient")))
        thread.start()
        time.sleep(3)
        assert not answers
        store = start_store()
        thread.join()
        assert answers[0][0] == 200 and there(b"patient").exists()
        print("ok waits for a store that comes back", flush=True)
        # It stays away: a clear error, and nothing is kept by halves.
        store.send_signal(signal.SIGKILL)
        store.wait()
        status, said = server.answer("PUT", A + "lost", b"lost")
        assert status == 503, (status, said)
        assert server.answer("GET", A + "lost")[0] == 404 and not (home / ".gyre/blobs" / name_of(b"lost")).exists()
        assert server.answer("GET", A + "small")[0] == 200  # what is on this disk needs no store
        store = start_store()
        assert server.answer("PUT", A + "lost", b"lost")[0] == 200 and there(b"lost").exists()
        print("ok says that the store is away", flush=True)
        # Killed in the middle of an upload.
        other = os.urandom(60_000_000)

        def put_and_be_cut():
            try:
                server.answer("PUT", A + "cut.bin", other)
            except OSError:
                pass  # the server was killed: that is what is tried here
        cut = threading.Thread(target=put_and_be_cut, daemon=True)
        cut.start()
        time.sleep(0.15)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with Server(home, env=environment) as server:
        status, said = server.answer("GET", A + "cut.bin")
        assert status == 404 or (status == 200 and said == other), status
        assert server.answer("PUT", A + "cut.bin", other)[0] == 200 and there(other).read_bytes() == other
        print("ok kill -9 in the middle of an upload", flush=True)
        assert server.answer("DELETE", A + "large.bin")[0] == 200
        gone = json.loads(subprocess.run([gyre, "gc", "--delete", "--older-than", "0s", "--json"], cwd=home, env=environment, check=True, capture_output=True).stdout)
        assert gone["unused"] >= 1 and not there(large).exists() and there(b"small").exists() and there(other).exists(), gone
        print("ok gc clears the store too", flush=True)
    wrong = subprocess.run([gyre, "gc"], cwd=home, env=environment | {"AWS_SECRET_ACCESS_KEY": "wrong"}, capture_output=True, text=True)
    assert wrong.returncode == 3 and "AWS_SECRET_ACCESS_KEY" in wrong.stderr, wrong
    without = subprocess.run([gyre, "runs"], cwd=home, env={k: v for k, v in environment.items() if not k.startswith("AWS_")}, capture_output=True, text=True)
    assert without.returncode == 2 and "no keys" in without.stderr, without
    print("ok wrong keys are told", flush=True)
except BaseException:
    print((work / "store.log").read_text()[-2000:] if (work / "store.log").exists() else "", flush=True)
    raise
finally:
    if store and store.poll() is None:
        store.kill()
        store.wait()
    shutil.rmtree(work, ignore_errors=True)
