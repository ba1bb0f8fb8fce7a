#!/usr/bin/env python3
"""A killed server's port may belong to another server by now: a command must not take that one for its own."""
import http.server, json, os, pathlib, subprocess, sys, tempfile, threading

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from server import Server, environment, gyre


class Stranger(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        body = json.dumps({"ready": True, "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


with tempfile.TemporaryDirectory(prefix="gyre-other-") as folder:
    server = Server(folder).start()
    stranger = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    file = pathlib.Path(folder) / ".gyre/run/server.json"
    right = file.read_text()

    def write(text):  # whole, as the server does
        beside = file.with_suffix(".new")
        beside.write_text(text)
        beside.replace(file)

    write(json.dumps(server.state | {"url": f"http://127.0.0.1:{stranger.server_port}"}))
    put_right = threading.Timer(1, write, [right])
    put_right.start()
    done = subprocess.run([gyre, "runs", "--json"], cwd=folder, env=environment(), text=True, capture_output=True)
    put_right.join()
    assert done.returncode == 0 and json.loads(done.stdout)["runs"] == [], (done.stdout, done.stderr)
    assert set(Stranger.asked) == {"/api/health"}, Stranger.asked
    server.stop()
    stranger.shutdown()
print("ok a command waits for its own server", flush=True)
