"""Real parts for the tests of the device agent: a broker with mutual TLS, images with signatures, a registry that serves
them. Standard library, openssl, mosquitto and runc only."""
import base64, gzip, hashlib, http.server, io, json, os, pathlib, re, shutil, socket, struct, subprocess, tarfile, tempfile
import threading, time, zlib

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
SIGNATURE = "application/vnd.gyre.signature.v1"


def sh(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{words}: {done.stdout.decode()} {done.stderr.decode()}")
    return done.stdout


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=30):
    until = time.time() + seconds
    while time.time() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.03)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def png(grey, size=32):
    rows = b"".join(b"\0" + bytes([grey] * 3 * size) for _ in range(size))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folders = sorted({str(p) for name in files for p in pathlib.PurePosixPath(name).parents if str(p) != "."})
        for folder in folders:
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for name, (content, mode) in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Registry:
    """Serves blobs, manifests and signatures over HTTP; can be slow, deaf or lying."""

    def __init__(self):
        self.blobs, self.referrers, self.got, self.delay, self.down = {}, {}, [], 0, False
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                if registry.down:
                    return self.answer(503, b"{}")
                match = re.match(r"/v2/(.+)/(blobs|manifests|referrers)/(sha256:[0-9a-f]{64})$", self.path)
                if not match:
                    return self.answer(404, b"{}")
                kind, name = match.group(2), match.group(3)
                if kind == "referrers":
                    return self.answer(200, json.dumps({"schemaVersion": 2, "manifests": registry.referrers.get(name, [])}).encode())
                if name not in registry.blobs:
                    return self.answer(404, b"{}")
                content, status = registry.blobs[name], 200
                asked = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
                if asked:
                    content, status = content[int(asked.group(1)):], 206
                registry.got.append((name, len(content)))
                self.answer(status, content)

            def answer(self, status, content):
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                for at in range(0, len(content), 1 << 16):
                    self.wfile.write(content[at:at + (1 << 16)])
                    time.sleep(registry.delay)

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):  # a killed device hangs up
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, content):
        self.blobs[digest(content)] = content
        return digest(content)


class Signer:
    def __init__(self, folder, name="signing"):
        self.key, self.public = folder / f"{name}.key", folder / f"{name}.pub"
        sh("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.key)
        sh("openssl", "pkey", "-in", self.key, "-pubout", "-out", self.public)
        raw = sh("openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER")[-32:]
        self.id = hashlib.sha256(raw).hexdigest()[:16]

    def sign(self, image_digest):
        with tempfile.NamedTemporaryFile() as message:
            message.write(f"{SIGNATURE}\n{image_digest}\n".encode())
            message.flush()
            raw = sh("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", message.name)
        return {"mediaType": MANIFEST, "artifactType": SIGNATURE, "digest": digest(raw), "size": 1,
                "annotations": {"gyre.signature.key": self.id, "gyre.signature.value": base64.b64encode(raw).decode()}}


class Images:
    """Builds images as `gyre package` does: libraries, module, model."""

    def __init__(self, build, registry, signer):
        self.build, self.registry, self.signer = build, registry, signer
        files = {"gyre/module": ((build / "gyre-module").read_bytes(), 0o755)}
        runtime = next((pathlib.Path.home() / ".cache/gyre/libs").glob("*/lib/libonnxruntime.so.1")).resolve()
        runtime = pathlib.Path(os.environ.get("GYRE_ONNXRUNTIME", runtime)).resolve()
        libraries = {"lib/libonnxruntime.so.1": runtime}
        for binary in (build / "gyre-module", runtime):
            for line in sh("ldd", binary).decode().splitlines():
                if match := re.search(r"(\S+) => (/\S+)", line):
                    libraries["lib/" + match.group(1)] = pathlib.Path(match.group(2))
        libraries["lib64/ld-linux-x86-64.so.2"] = pathlib.Path("/lib64/ld-linux-x86-64.so.2")
        self.libraries = self.layer({name: (path.resolve().read_bytes(), 0o755) for name, path in libraries.items()}, 1)
        self.module = self.layer(files, 1)

    def layer(self, files, level=6):
        content = gzip.compress(tar(files), level, mtime=0)
        return {"mediaType": LAYER, "digest": self.registry.add(content), "size": len(content)}

    def model(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "model.onnx"
            sh(self.build / "gyre-tiny-model", arguments[0], file, *arguments[1:])
            return file.read_bytes()

    def make(self, model, name="bottle", signer=None, signed=True, extra=()):
        layer = self.layer({"model/model.onnx": (model, 0o644)})
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/gyre/module"]},
                             "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                               "config": {"mediaType": CONFIG, "digest": self.registry.add(config), "size": len(config)},
                               "layers": [self.libraries, self.module, layer, *extra]}).encode()
        name_digest = self.registry.add(manifest)
        if signed:
            self.registry.referrers[name_digest] = [(signer or self.signer).sign(name_digest)]
        return f"{name}@{name_digest}"


class Broker:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.index, self.serial = folder / "index", 1
        sh("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "ca.key")
        sh("openssl", "req", "-x509", "-new", "-key", folder / "ca.key", "-subj", "/CN=test authority", "-days", "30", "-out", folder / "ca.crt")
        self.issue("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self.revoked = []
        (folder / "acl").write_text("user server\ntopic readwrite #\npattern readwrite gyre/%u/#\n")
        self.write_crl()
        (folder / "mosquitto.conf").write_text(
            f"per_listener_settings true\nuser root\npersistence true\npersistence_location {folder}/\n"
            f"listener {self.port} 127.0.0.1\ncafile {folder}/ca.crt\ncertfile {folder}/server.crt\nkeyfile {folder}/server.key\n"
            f"crlfile {folder}/crl.pem\nrequire_certificate true\nuse_identity_as_username true\nallow_anonymous false\n"
            f"acl_file {folder}/acl\nset_tcp_nodelay true\n")
        self.process = None
        self.start()

    def issue(self, name, extension="keyUsage=digitalSignature"):
        f = self.folder
        sh("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f / f"{name}.key")
        sh("openssl", "req", "-new", "-key", f / f"{name}.key", "-subj", f"/CN={name}", "-out", f / f"{name}.csr")
        (f / "extension").write_text(extension + "\n")
        self.serial += 1
        sh("openssl", "x509", "-req", "-in", f / f"{name}.csr", "-CA", f / "ca.crt", "-CAkey", f / "ca.key", "-set_serial",
           self.serial, "-days", "30", "-extfile", f / "extension", "-out", f / f"{name}.crt")

    def write_crl(self):
        f = self.folder
        self.index.write_text("")
        (f / "ca.conf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.index}\ndefault_md=sha256\ndefault_crl_days=30\ncrlnumber={f}/number\n")
        (f / "number").write_text("01\n")
        for name in self.revoked:
            sh("openssl", "ca", "-config", f / "ca.conf", "-revoke", f / f"{name}.crt", "-keyfile", f / "ca.key", "-cert", f / "ca.crt")
        sh("openssl", "ca", "-config", f / "ca.conf", "-gencrl", "-keyfile", f / "ca.key", "-cert", f / "ca.crt", "-out", f / "crl.pem")

    def revoke(self, name):
        self.revoked.append(name)
        self.write_crl()

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", self.folder / "mosquitto.conf"],
                                        stdout=subprocess.DEVNULL, stderr=(self.folder / "mosquitto.log").open("a"))

        def up():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        wait_for("the broker", up, 10)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def identity(self, name):
        f = self.folder
        return ["-h", "127.0.0.1", "-p", str(self.port), "--cafile", f / "ca.crt", "--cert", f / f"{name}.crt", "--key", f / f"{name}.key"]


class Server:
    """The server's half of the messages, as short as it can be: acknowledges, keeps what came once, merges reports."""

    def __init__(self, broker, device):
        self.broker, self.device = broker, device
        self.messages, self.reported, self.version = {}, {}, 0
        self.stopped, self.process = False, None
        threading.Thread(target=self.listen, daemon=True).start()

    def publish(self, topic, value, *options):
        sh("mosquitto_pub", *self.broker.identity("server"), "-q", "1", "-t", f"gyre/{self.device}/{topic}", *options, "-s",
           input=json.dumps(value).encode(), timeout=3)

    def desire(self, **desired):
        self.version += 1
        self.publish("desired", {"$version": self.version, **desired}, "-r")

    def listen(self):
        while not self.stopped:  # ends when the broker does
            self.process = subprocess.Popen(["mosquitto_sub", *self.broker.identity("server"), "-i", f"listen-{self.device}", "-c",
                                             "-q", "1", "-t", f"gyre/{self.device}/up"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for line in self.process.stdout:
                self.take(json.loads(line))
            self.process.wait()
            time.sleep(0.2)

    def take(self, message):
        seq, body = message["seq"], message["body"]
        if seq not in self.messages:
            self.messages[seq] = message
            if message["kind"] == "reported":
                merge(self.reported, body)
        try:
            self.publish("down", {"kind": "ack", "seq": seq})
        except (RuntimeError, subprocess.TimeoutExpired):
            pass  # no broker, or one that was killed in between: the device sends it again

    def of_kind(self, kind):
        return [m["body"] for m in list(self.messages.values()) if m["kind"] == kind]

    def module(self, name="bottle"):
        return self.reported.get("modules", {}).get(name, {})

    def stop(self):
        self.stopped = True
        self.process.kill()
        self.process.wait()


def merge(target, patch):
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            merge(target.setdefault(key, {}), value)
        else:
            target[key] = value


class Device:
    def __init__(self, build, folder, broker, name, signer):
        self.build, self.name, self.state, self.process = build, name, folder / f"state-{name}", None
        self.config = broker.folder / f"{name}.json"
        broker.issue(name)
        self.config.write_text(json.dumps({"device": name, "host": "127.0.0.1", "port": broker.port, "ca": "ca.crt",
                                           "certificate": f"{name}.crt", "key": f"{name}.key", "signing_key": str(signer.public)}))
        self.log = folder / f"{name}.log"

    def start(self):
        self.process = subprocess.Popen([self.build / "gyre-edge", "run", "--state", self.state, "--config", self.config],
                                        stderr=self.log.open("a"), stdout=subprocess.DEVNULL)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def put(self, name, content, input="camera"):
        folder = self.state / "input" / input
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f".{name}").write_bytes(content)
        (folder / f".{name}").rename(folder / name)

    def inputs(self, input="camera"):
        return sorted(p.name for p in (self.state / "input" / input).glob("[!.]*"))

    def status(self):
        return json.loads(sh(self.build / "gyre-edge", "status", "--state", self.state, "--json"))

    def pss_mb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1)) / 1024
