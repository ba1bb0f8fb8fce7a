"""A `gyre serve` for tests: started, asked over REST and gRPC (curl speaks it), ended."""
import gzip, http.client, json, os, pathlib, shutil, ssl, struct, subprocess, sys, tempfile, time, urllib.parse

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
environment = {k: v for k, v in os.environ.items() if not k.startswith("GYRE_") or k == "GYRE_DEPS"}


def tiny_model(path, scale):
    """y = scale * x for rows of three numbers."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([build / "gyre-tiny-model", "rows", path, str(scale)], check=True)
    return path


def question(*rows):
    return {"inputs": [{"name": "x", "shape": [len(rows), 3], "datatype": "FP32", "data": [value for row in rows for value in row]}]}


class Serve:
    def __init__(self, *words, work, environment=environment, prefix=()):
        self.log = open(pathlib.Path(work) / "serve.log", "a")
        self.process = subprocess.Popen([*prefix, build / "gyre", "--json", "serve", *map(str, words), "--port", "0", "--grpc-port", "0"], cwd=work,
                                        env=environment | {"HOME": str(work)}, stdout=subprocess.PIPE, stderr=self.log, text=True)
        text = ""
        while not text.rstrip().endswith("}"):
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"gyre serve ended with {self.process.wait()}: " + open(self.log.name).read()[-2000:])
            text += line
        self.state = json.loads(text)
        parts = urllib.parse.urlsplit(self.state["url"])
        self.host, self.port, self.tls = parts.hostname, parts.port, parts.scheme == "https"
        self.grpc = self.state["grpc"]
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        code = self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        assert code == 0, f"gyre serve ended with {code}"

    def connection(self, context=None):
        if self.tls:
            return http.client.HTTPSConnection(self.host, self.port, timeout=30, context=context)
        return http.client.HTTPConnection(self.host, self.port, timeout=30)

    def ask(self, method, path, body=None, headers={}, context=None):
        """(status, headers, JSON or text)"""
        connection = self.connection(context)
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        try:
            value = json.loads(text)
        except ValueError:
            value = text.decode(errors="replace")
        return answer.status, answer.headers, value

    def infer(self, model="rows", rows=((1, 2, 3),), headers={}, context=None):
        return self.ask("POST", f"/v2/models/{model}/infer", question(*rows), headers, context)

    def resident_mb(self):
        return sum(int(line.split()[1]) for line in open(f"/proc/{self.pid}/smaps_rollup") if line.startswith("Pss:")) / 1024


def field(number, content):
    return bytes([number << 3 | 2, len(content)]) + content  # contents here are shorter than 128 bytes


def grpc_question(model="rows", row=(1, 2, 3)):
    tensor = field(1, b"x") + field(2, b"FP32") + field(3, bytes([1, 3]))
    return field(1, model.encode()) + field(5, tensor) + field(7, struct.pack("<3f", *row))


def grpc_call(address, method, message, headers={}, ca=None, frame=None):
    """(grpc-status, grpc-message, body) of a unary call, by curl; `frame`: instead of the message in its frame."""
    with tempfile.TemporaryDirectory() as folder:
        content = pathlib.Path(folder) / "frame"
        content.write_bytes(frame or b"\0" + struct.pack(">I", len(message)) + message)
        words = ["curl", "-s", "--max-time", "10", "-D", f"{folder}/head", "-o", f"{folder}/body", "--data-binary", f"@{content}", "-H", "content-type: application/grpc", "-H", "te: trailers"]
        words += ["--cacert", str(ca), "--http2"] if ca else ["--http2-prior-knowledge"]
        for name, value in headers.items():
            words += ["-H", f"{name}: {value}"]
        done = subprocess.run([*words, f"http{'s' if ca else ''}://{address}/{method}"], capture_output=True, text=True)
        assert done.returncode == 0, f"curl: {done.returncode} {done.stderr}"
        head = dict(line.split(": ", 1) for line in (pathlib.Path(folder) / "head").read_text().splitlines() if ": " in line)
        body = pathlib.Path(folder) / "body"
        return int(head["grpc-status"]), urllib.parse.unquote(head.get("grpc-message", "")), body.read_bytes() if body.exists() else b""
