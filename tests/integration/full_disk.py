#!/usr/bin/env python3
"""A disk that is really full (a small tmpfs): commands and the server say so, nothing is half-done, and with room they go on.
full_disk.py [--build build]. Needs root, for the mount."""
import argparse, json, os, pathlib, subprocess, sys, tempfile, time, urllib.error, urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--build", type=lambda p: pathlib.Path(p).resolve(), default=os.environ.get("GYRE_BUILD", "build"))
gyre = str(pathlib.Path(parser.parse_args().build).resolve() / "gyre")


def run(folder, *words):
    return subprocess.run([gyre, *words], cwd=folder, capture_output=True, text=True)


def assets(folder):
    return run(folder, "data", "list", "--json").stdout


def said_it_is_full(done):
    assert done.returncode not in (0, 1) and done.returncode > 0, (done.returncode, done.stdout, done.stderr)
    assert "full" in done.stderr or "No space left" in done.stderr, done.stderr
    assert "make room" in done.stderr, done.stderr


class Full:
    """While it lasts there is not a byte left."""

    def __init__(self, folder):
        self.file = folder / "filler"

    def __enter__(self):
        with open(self.file, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass

    def __exit__(self, *_):
        self.file.unlink()


def commands(folder):
    run(folder, "init")
    assert run(folder, "gather", "line", "camera", "--frames", "50", "--as", "day").returncode == 0
    before = assets(folder)
    said_it_is_full(run(folder, "gather", "line", "camera", "--frames", "3000", "--as", "more"))
    print("ok a gathering that fills the disk says so")
    assert assets(folder) == before
    for words in (("label", "folder", "day"), ("gather", "line", "camera", "--frames", "20", "--seed", "3"), ("data", "list")):
        with Full(folder):
            said_it_is_full(run(folder, *words))
        assert assets(folder) == before
    print("ok with no byte left every command says so and changes nothing")
    done = run(folder, "label", "folder", "day", "--as", "day-labels")
    assert done.returncode == 0, done.stderr
    assert not list((folder / ".gyre" / "run" / "steps").glob("*"))
    print("ok with room again they go on")


def ask(url, path, body, method="POST"):
    request = urllib.request.Request(url + path, body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def server(folder):
    process = subprocess.Popen([gyre, "up", "--port", "0", "--registry-port", "0", "--mqtt-port", "0"], cwd=folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        state = folder / ".gyre" / "run" / "server.json"
        until = time.time() + 20
        while not state.exists() and time.time() < until and process.poll() is None:
            time.sleep(0.02)
        url = json.loads(state.read_text())["url"]
        create = lambda name: ask(url, "/api/2.0/mlflow/experiments/create", json.dumps({"name": name}).encode())
        assert create("first")[0] == 200
        with Full(folder):
            status, body = create("second")
            assert status == 507, (status, body)
            status, body = ask(url, "/api/2.0/mlflow-artifacts/artifacts/0/x.bin", os.urandom(1_000_000), "PUT")
            assert status == 507, (status, body)
            said_it_is_full(run(folder, "label", "folder", "day", "--fresh"))
        assert process.poll() is None, process.stderr.read()
        assert create("second")[0] == 200, "a refused experiment must not be there"
        done = run(folder, "label", "folder", "day", "--fresh")
        assert done.returncode == 0, done.stderr
        print("ok a server on a full disk answers 507, and goes on when there is room")
    finally:
        process.terminate()
        process.wait(20)
    assert process.returncode == 0, process.stderr.read()


def main():
    if os.geteuid() != 0:
        print("skipped: only root may mount a small disk")
        return
    with tempfile.TemporaryDirectory(prefix="gyre-full-") as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", folder], capture_output=True).returncode != 0:
            print("skipped: no tmpfs may be mounted here")
            return
        try:
            commands(pathlib.Path(folder))
            server(pathlib.Path(folder))
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


main()
