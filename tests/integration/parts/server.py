"""A `gyre up` of a test's own, in a folder of its own, on free ports."""
import json, os, pathlib, signal, subprocess, time, urllib.error, urllib.request

gyre = os.path.abspath(os.environ.get("GYRE_BUILD", "build") + "/gyre")


def environment(**more):
    """This process's own, without what would lead to another workspace or another store; GYRE_ROWS gives each its own rows."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("GYRE_", "AWS_", "GIT_")) or k == "GYRE_ROWS"} | more


class Server:
    """Starts on entry (or start()), ends on exit; kill() is kill -9. `said` is the file with what it printed."""

    def __init__(self, folder, *options, env=None):
        self.folder, self.options, self.env = pathlib.Path(folder), options, env or environment()
        self.said, self.process = self.folder / "server.log", None

    def start(self):
        file = self.folder / ".gyre/run/server.json"
        with open(self.said, "a") as log:
            self.process = subprocess.Popen([gyre, "up", "--port", "0", "--registry-port", "0", "--mqtt-port", "0", *self.options],
                                            cwd=self.folder, env=self.env, stdout=log, stderr=subprocess.STDOUT)
        while True:
            assert self.process.poll() is None, "gyre up ended: " + self.said.read_text()[-3000:]
            try:
                self.state = json.loads(file.read_text())
                if self.state["pid"] == self.process.pid:
                    break
            except (FileNotFoundError, ValueError):
                pass
            time.sleep(0.02)
        self.url, self.port = self.state["url"], int(self.state["url"].rsplit(":", 1)[1])
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def answer(self, method, path, body=None, headers={}, context=None):
        """Status and bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"} | headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, method, path, body=None):
        """What a good answer says, as JSON where it is."""
        status, text = self.answer(method, path, body)
        assert status < 300, f"{method} {path}: {status} {text[:300]}"
        try:
            return json.loads(text)
        except ValueError:
            return text
