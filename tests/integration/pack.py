#!/usr/bin/env python3
"""Images and the registry with real clients: skopeo copies in and out, runc runs what came out, a killed server loses nothing."""
import hashlib, io, json, os, pathlib, shutil, signal, struct, subprocess, tarfile, tempfile, time, urllib.error, urllib.request, zlib

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-pack-"))
environment = dict(os.environ, GYRE_CACHE=str(work / "cache"), HOME=str(work))
environment.pop("GYRE_HOME", None)
environment.pop("GYRE_URL", None)


def gyre(*words, code=0):
    done = subprocess.run([build / "gyre", *words], cwd=work, env=environment, text=True, capture_output=True)
    assert done.returncode == code, f"gyre {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def gyre_json(*words):
    return json.loads(gyre(*words, "--json"))


class Server:
    def start(self):
        state = work / ".gyre/run/server.json"
        state.unlink(missing_ok=True)
        self.log = open(work / "server.log", "a")
        self.process = subprocess.Popen([build / "gyre", "up", "--port", "0", "--registry-port", "0", "--mqtt-port", "0"], cwd=work,
                                        env=environment, stdout=self.log, stderr=self.log)
        for _ in range(300):
            if state.exists():
                self.registry = json.loads(state.read_text())["registry"]
                return self
            assert self.process.poll() is None, (work / "server.log").read_text()
            time.sleep(0.05)
        raise AssertionError("the server does not come up")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0

    def send(self, method, path, body=None, headers={}):
        url = path if path.startswith("http") else self.registry + path
        request = urllib.request.Request(url, method=method, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    @property
    def host(self):
        return self.registry.removeprefix("http://")


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def skopeo(*words):
    subprocess.run(["skopeo", *words], check=True, env=environment, capture_output=True, text=True)


def white_picture():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"\xfa" * 24 for _ in range(8))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def packages(server):
    first = gyre_json("package", "push", "bottle-image@1")
    second = gyre_json("package", "push", "bottle-image@2")
    assert second["former"] == first["digest"]
    assert second["update_bytes"] < 20_000 < 1_000_000 < first["update_bytes"], second
    assert [layer["digest"] for layer in first["layers"][:3]] == [layer["digest"] for layer in second["layers"][:3]]
    assert gyre_json("package", "push", "bottle-image@2") == second
    listed = gyre_json("packages")["packages"]
    assert [one["image"] for one in listed] == [second["image"], first["image"]]
    assert "for a device with the former one" in gyre("package", "show", "bottle")
    gyre("package", "show", "cup", code=4)
    gyre("package", "push", work / "model1.onnx", code=2)
    status, _, body = server.send("GET", f"/v2/bottle/referrers/{second['digest']}")
    signatures = json.loads(body)["manifests"]
    assert status == 200 and len(signatures) == 1 and signatures[0]["artifactType"] == "application/vnd.gyre.signature.v1"
    print("ok package, push, signature, update size")
    return second


def clients(server, package):
    if not shutil.which("skopeo"):
        print("skipped: skopeo is not installed")
        return None
    base = f"docker://{server.host}"
    skopeo("copy", "--insecure-policy", "--src-tls-verify=false", f"{base}/bottle:latest", f"oci:{work}/out:x")
    skopeo("copy", "--insecure-policy", "--dest-tls-verify=false", f"oci:{work}/out:x", f"{base}/copy/of:v1")
    skopeo("copy", "--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false", f"{base}/bottle:latest", f"{base}/again:v2")
    seen = subprocess.run(["skopeo", "inspect", "--tls-verify=false", f"{base}/copy/of:v1"], check=True, capture_output=True, env=environment)
    assert json.loads(seen.stdout)["Digest"] == package["digest"]
    skopeo("delete", "--tls-verify=false", f"{base}/again:v2")
    assert server.send("GET", "/v2/again/manifests/v2")[0] == 404
    print("ok skopeo copies in and out, inspects and deletes")
    return work / "out"


def container(layout):
    """Unpacks the layout with tar, not with our own reader, and runs it."""
    if layout is None or os.geteuid() != 0 or not shutil.which("runc"):
        print("skipped: runc needs root")
        return
    blob = lambda digest: layout / "blobs/sha256" / digest.split(":")[1]
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    image = json.loads(blob(manifest["config"]["digest"]).read_text())["config"]
    bundle = work / "bundle"
    (bundle / "rootfs").mkdir(parents=True)
    (work / "input").mkdir()
    (work / "input/white.png").write_bytes(white_picture())
    for layer in manifest["layers"]:
        subprocess.run(["tar", "-xzpf", blob(layer["digest"]), "-C", bundle / "rootfs"], check=True)
    assert (bundle / "rootfs/tmp").stat().st_mode & 0o7777 == 0o1777
    subprocess.run(["runc", "spec"], cwd=bundle, check=True)
    spec = json.loads((bundle / "config.json").read_text())
    user = int(image["User"].split(":")[0])
    assert user == 1000
    spec["process"].update(terminal=False, args=image["Entrypoint"] + ["check"] + image["Cmd"][1:], env=image["Env"],
                           user={"uid": user, "gid": user}, noNewPrivileges=True)
    for kind in spec["process"]["capabilities"]:
        spec["process"]["capabilities"][kind] = []
    spec["root"] = {"path": "rootfs", "readonly": True}
    spec["mounts"].append({"destination": "/input", "type": "bind", "source": str(work / "input"), "options": ["bind", "ro"]})
    (bundle / "config.json").write_text(json.dumps(spec))
    work.chmod(0o755)
    done = subprocess.run(["runc", "run", f"gyre-pack-{os.getpid()}"], cwd=bundle, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["ready"] is True
    answer = [line["answer"] for line in lines if line.get("name") == "white.png"][0]
    assert answer["label"] == "bright"
    # The same model gives the same answer outside the container, bit for bit.
    outside = gyre_json("predict", work / "model2.onnx", work / "input/white.png")
    outside = outside["answers"][0] if "answers" in outside else outside
    outside = outside.get("answer", outside)
    assert outside == answer, (outside, answer)
    print("ok runc runs the image, with the answer that gyre predict gives")


def killed_uploads(server):
    content = os.urandom(8 << 20)
    digest = digest_of(content)
    status, headers, _ = server.send("POST", "/v2/cut/blobs/uploads/", b"")
    assert status == 202
    place = headers["Location"]
    assert server.send("PATCH", place, content[:3 << 20], {"Content-Range": f"0-{(3 << 20) - 1}"})[0] == 202
    server.kill()
    server.start()
    status, headers, _ = server.send("GET", place)
    assert status == 204 and headers["Range"] == f"0-{(3 << 20) - 1}", (status, headers["Range"])
    assert server.send("GET", f"/v2/cut/blobs/{digest}")[0] == 404
    assert server.send("PUT", f"{place}?digest={digest}", content[3 << 20:])[0] == 201
    server.kill()
    server.start()
    status, _, body = server.send("GET", f"/v2/cut/blobs/{digest}")
    assert status == 200 and body == content
    status, _, body = server.send("GET", f"/v2/cut/blobs/{digest}", headers={"Range": "bytes=100-199"})
    assert status == 206 and body == content[100:200]
    status, _, body = server.send("POST", f"/v2/cut/blobs/uploads/?digest={digest_of(b'x')}", b"y")
    assert status == 400 and json.loads(body)["errors"][0]["code"] == "DIGEST_INVALID"
    print("ok an upload survives kill -9; what was acknowledged stays")


def kill_while_pushing(server, package):
    """Killed at any moment of a push, the registry has the whole image or none of it."""
    for round in range(4):
        name = f"killed{round}"
        push = subprocess.Popen([build / "gyre", "package", "push", "bottle-image", "--name", name], cwd=work, env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.02 + 0.04 * round)
        server.kill()
        push.wait()
        server.start()
        status = server.send("GET", f"/v2/{name}/manifests/latest")[0]
        signed = json.loads(server.send("GET", f"/v2/{name}/referrers/{package['digest']}")[2])["manifests"]
        assert status in (200, 404) and (status == 200) == bool(signed), (status, signed)
        assert gyre_json("package", "push", "bottle-image", "--name", name)["digest"] == package["digest"]
    print("ok a push that was killed left all or nothing, and goes through again")


def data_for_devices(server):
    for name in ("good/1.png", "bad/2.png"):
        path = work / "frames" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(white_picture() + name.encode())
    gyre("gather", "folder", "--folder", work / "frames", "--as", "frames")
    made = gyre_json("package", "data", "frames")
    status, _, archive = server.send("GET", "/v2/gyre-data/blobs/" + made["data"])
    assert status == 200 and digest_of(archive) == made["data"]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert tar.getnames() == ["bad__2.png", "good__1.png"]
    assert "no data set" in gyre("package", "data", digest_of(b"none"), code=4)
    print("ok samples for devices are one flat archive in the registry")


server = Server()
try:
    gyre("init")
    for number in ("1", "2"):
        subprocess.run([build / "gyre-tiny-model", "bright", work / f"model{number}.onnx", number], check=True)
        gyre("package", "--model", work / f"model{number}.onnx", "--name", "bottle", "--as", "bottle-image")
    server.start()
    newest = packages(server)
    container(clients(server, newest))
    data_for_devices(server)
    killed_uploads(server)
    kill_while_pushing(server, newest)
    server.stop()
except (AssertionError, subprocess.CalledProcessError) as error:
    print(f"FAILED: {error}\n{getattr(error, 'stderr', '') or ''}")
    print((work / "server.log").read_text()[-3000:] if (work / "server.log").exists() else "")
    raise
finally:
    if getattr(server, "process", None) and server.process.poll() is None:
        server.kill()
    shutil.rmtree(work, ignore_errors=True)
