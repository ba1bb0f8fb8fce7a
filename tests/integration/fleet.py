#!/usr/bin/env python3
"""The server's half of the fleet with a real broker: what a device may do, what kill -9 of broker and server loses (nothing),
roll-outs behind gates, revoked devices. The devices are played by this test over their own certificates."""
import json, os, pathlib, random, signal, ssl, subprocess, sys, tarfile, tempfile, threading, time, urllib.error, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from mqtt_client import MqttClient, Refused

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-fleet-"))
environment = dict(os.environ, HOME=str(work))
for name in ("GYRE_HOME", "GYRE_URL"):
    environment.pop(name, None)


def wait_for(what, condition, seconds=20):
    until = time.time() + seconds
    while time.time() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for: {what}\n" + (work / "server.log").read_text()[-3000:])


def gyre(*words, code=0):
    done = subprocess.run([build / "gyre", *words], cwd=work, env=environment, text=True, capture_output=True)
    assert done.returncode == code, f"gyre {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Server:
    def start(self):
        state = work / ".gyre/run/server.json"
        state.unlink(missing_ok=True)
        self.process = subprocess.Popen([build / "gyre", "up", "--port", "0", "--registry-port", "0", "--mqtt-port", "0"], cwd=work,
                                        env=environment, stdout=open(work / "server.log", "a"), stderr=subprocess.STDOUT)
        wait_for("the server", lambda: state.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, (work / "server.log").read_text()
        self.state = json.loads(state.read_text())
        return self

    @property
    def broker(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        for pid in " ".join(c.read_text() for c in children).split():
            try:
                if "mosquitto" in pathlib.Path(f"/proc/{pid}/comm").read_text():
                    return int(pid)
            except FileNotFoundError:
                pass  # it ended meanwhile

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def call(self, method, path, body=None, headers={}):
        request = urllib.request.Request(self.state["url"] + path, method=method, headers=headers,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {"status": error.code, **json.load(error)}


class Device:
    """An agent in short: an outbox that is sent until acknowledged, a twin that is obeyed. `accuracy` is how well its
    module does in validations, `works` whether it comes up."""

    def __init__(self, name, ring):
        self.name, self.folder = name, work / name
        gyre("device", "add", name, "--ring", ring, "--out", self.folder)
        self.settings = json.loads((self.folder / "device.json").read_text())
        self.outbox, self.seq, self.version, self.image, self.answered = {}, 0, 0, None, set()
        self.right, self.works, self.client, self.lock, self.wanted = True, True, None, threading.RLock(), True
        self.seen, self.sent_to = [], {}

    def identity(self):
        return self.settings["port"], self.folder / "ca.crt", self.folder / "device.crt", self.folder / "device.key"

    def connect(self):
        state = f"gyre/{self.name}/state"
        client = MqttClient(*self.identity(), self.take, will=(state, '{"online":false}'))
        self.client = client
        for topic in ("desired", "down"):
            assert client.subscribe(f"gyre/{self.name}/{topic}")
        client.publish(state, b'{"online":true}', True)
        return self

    def live(self):
        """Stays connected, as an agent does."""
        def run():
            while self.wanted:
                try:
                    if self.client is None or self.client.closed.is_set():
                        self.connect()
                        self.sent_to.clear()
                    self.send_waiting()
                except (OSError, Refused, ConnectionError, ssl.SSLError):
                    pass
                time.sleep(0.05)
        threading.Thread(target=run, daemon=True).start()
        return self

    def send_waiting(self):
        with self.lock:
            waiting = [(seq, message) for seq, message in sorted(self.outbox.items()) if self.sent_to.get(seq, 0) < time.time() - 2]
        for seq, message in waiting:
            self.sent_to[seq] = time.time()
            self.client.publish(f"gyre/{self.name}/up", message)

    def say(self, kind, body):
        with self.lock:
            self.seq += 1
            self.outbox[self.seq] = json.dumps({"seq": self.seq, "kind": kind, "at": int(time.time() * 1000), "body": body}).encode()
            return self.seq

    def take(self, topic, payload):
        message = json.loads(payload)
        with self.lock:
            self.seen.append((topic, message))
            if topic.endswith("/down"):
                if message["kind"] == "ack":
                    self.outbox.pop(message["seq"], None)
                else:
                    self.sent_to.clear()
            elif message["$version"] > self.version:
                self.version = message["$version"]
                self.obey(message)

    def obey(self, desired):
        asked = desired.get("validate")
        if asked and asked["id"] not in self.answered:
            self.answered.add(asked["id"])
            labels = {"a.jpg": "good", "b.jpg": "dented"}
            answers = [{"name": n, "answer": {"label": l if self.right else "good"}} for n, l in labels.items()]
            self.say("validation", {"id": asked["id"], "image": asked["image"], "samples": 2, "answers": answers,
                                    "p50_ms": 2.0, "p99_ms": 3.0, "pss_mb": 40.0})
        module = desired.get("modules", {}).get("bottle")
        image = module and module["image"]
        if image == self.image:
            report = {"image": image, "state": "running"} if image else None
        elif image is None:
            self.image, report = None, None
        elif self.works:
            self.image, report = image, {"image": image, "state": "running", "refused": None, "error": None}
        else:
            report = {"image": self.image, "state": "rolled_back", "refused": image, "error": "golden inputs get other answers"}
        self.say("reported", {"desired_version": self.version, "modules": {"bottle": report}})

    def stop(self):
        self.wanted = False
        time.sleep(0.1)
        if self.client:
            self.client.close()


def counts_of(name):
    """The values of "count" that the server took from a device, oldest first."""
    changes = server.call("GET", f"/api/devices/{name}/history?limit=10000")["changes"]
    return [c["patch"]["count"] for c in reversed(changes) if c["section"] == "reported" and "count" in c["patch"]]


def image(digit):
    return f"bottle@sha256:{digit * 64}"


def roll_out(digit, **more):
    return server.call("POST", "/api/rollouts", {"app": "bottle", "image": image(digit), "data": data, "labels": labels,
                                                 "gate": {"min_accuracy": 0.9}, "offline_seconds": 1, "validate_seconds": 20, **more})


def state_of(id, seconds=30):
    def over():
        try:
            found = server.call("GET", f"/api/rollouts/{id}")
        except OSError:
            return None
        return found if found.get("state") in ("done", "rolled_back") else None
    return wait_for(f"roll-out {id} to end", over, seconds)


def a_device_may_use_its_own_topics_only():
    mine, other = Device("acl-1", "shelf").connect(), Device("acl-2", "shelf").connect()
    wait_for("its own desired twin", lambda: any(t == "gyre/acl-1/desired" for t, _ in mine.seen))
    for topic in ("gyre/acl-2/desired", "gyre/acl-2/down", "gyre/acl-1/up", "gyre/+/up", "#"):
        mine.client.subscribe(topic)  # the broker may say yes; what counts is that nothing comes
    before = len(other.seen)
    message = {"seq": 1, "kind": "reported", "at": 1, "body": {"count": 1}}
    mine.client.publish("gyre/acl-2/up", json.dumps(message).encode())
    mine.client.publish("gyre/acl-2/desired", b'{"$version":99,"modules":{}}', True)
    mine.client.publish("gyre/acl-2/down", b'{"kind":"ack","seq":1}')
    other.client.publish("gyre/acl-2/up", json.dumps(message).encode())
    wait_for("the rightful message", lambda: counts_of("acl-2") == [1])
    server.call("PATCH", "/api/devices/acl-2", {"desired": {"gather": {"camera": {"every": 3}}}})
    wait_for("the rightful desired twin", lambda: other.seen[-1][1].get("gather"))
    kinds = [m.get("kind") or m["$version"] for _, m in other.seen[before:]]
    assert kinds == ["ack", 2], kinds
    assert all(topic.startswith("gyre/acl-1/") for topic, _ in mine.seen), mine.seen
    taken = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(mine.settings["port"]), "--cafile", mine.folder / "ca.crt",
                            "--cert", mine.folder / "device.crt", "--key", mine.folder / "device.key", "-t", "#", "-t", "gyre/acl-2/desired",
                            "-t", "gyre/acl-1/desired", "-v", "-W", "2"], text=True, capture_output=True).stdout
    assert "gyre/acl-1/desired" in taken and "acl-2" not in taken, taken
    assert subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(mine.settings["port"]), "--cafile", mine.folder / "ca.crt",
                           "-t", "#", "-W", "2"], capture_output=True).returncode not in (0, 27), "a client without a certificate got in"
    assert (mine.folder / "device.key").stat().st_mode & 0o777 == 0o600
    mine.client.close(), other.client.close()


def a_repeated_message_counts_once():
    device = Device("repeat-1", "shelf").connect()
    for body in ({"count": 1}, {"count": 2}, {"count": 1}):
        for _ in range(2):
            device.client.publish("gyre/repeat-1/up", json.dumps({"seq": 5 + body["count"], "kind": "reported", "at": 1, "body": body}).encode())
    wait_for("six acks", lambda: sum(m.get("kind") == "ack" for _, m in device.seen) == 6)
    time.sleep(0.3)
    assert counts_of("repeat-1") == [1, 2], counts_of("repeat-1")
    device.client.publish("gyre/repeat-1/up", b"no json")
    device.client.publish("gyre/repeat-1/up", b'{"seq":9,"kind":"strange","at":1,"body":{}}')
    wait_for("a bad message with a seq is acknowledged, so that the outbox goes on", lambda: device.seen[-1][1].get("seq") == 9)
    device.client.close()


def killed_broker():
    device = Device("broken-1", "shelf").live()
    longest = 0
    for i in range(1, 7):
        device.say("reported", {"count": i})
        if i % 2:
            time.sleep(random.uniform(0, 0.05))
            old = server.broker
            began = time.time()
            os.kill(old, signal.SIGKILL)
            wait_for("a new broker", lambda: server.broker not in (None, old))
            wait_for("the device has nothing left to say", lambda: not device.outbox)
            longest = max(longest, time.time() - began)
    wait_for("all six", lambda: counts_of("broken-1") == [1, 2, 3, 4, 5, 6])
    server.call("PATCH", "/api/devices/broken-1", {"desired": {"gather": {"camera": {"every": 7}}}})
    wait_for("the desired twin", lambda: device.seen[-1][1].get("gather") or device.seen[-2][1].get("gather"))
    device.stop()
    print(f"   killed broker: back, and all told, within {longest:.2f} s")


def killed_server_keeps_what_it_acknowledged():
    device = Device("killed-1", "shelf").live()
    acknowledged = 0
    for i in range(1, 13):
        device.say("reported", {"count": i})
        if i % 4 == 0:
            wait_for("some acks", lambda: len(device.outbox) < 4)
            acknowledged = 12 - len(device.outbox)
            server.kill()
            server.start()
    wait_for("all are acknowledged", lambda: not device.outbox)
    wait_for("each once, in order", lambda: counts_of("killed-1") == list(range(1, 13)))
    device.stop()
    assert acknowledged


def roll_out_ring_by_ring():
    for device in fleet:
        device.live()
    shown = state_of(roll_out("a")["id"])
    assert shown["state"] == "done", shown
    devices = {d["id"]: d for d in shown["devices"]}
    assert devices["test-1"]["phase"] == "running" and devices["test-1"]["accuracy"] == 1.0
    assert devices["line-1"]["digest"] == "sha256:" + "a" * 64 and devices["line-1"]["p99_ms"] == 3.0
    began = time.time()
    again = roll_out("a")
    assert again["id"] == shown["id"] and again["state"] == "done", "the same again is the same roll-out"
    assert time.time() - began < 0.5
    assert "running" in gyre("rollout", "show", str(shown["id"])) and "line-1" in gyre("devices")


def gates_hold():
    fleet[0].right = False
    shown = state_of(roll_out("b")["id"])
    assert shown["state"] == "rolled_back" and "accuracy 0.5 is below 0.9" in shown["reason"], shown
    assert all(d.image == image("a") for d in fleet)
    fleet[0].right, fleet[1].works = True, False
    shown = state_of(roll_out("c")["id"])
    assert shown["state"] == "rolled_back" and "golden inputs" in shown["reason"], shown
    wait_for("all are back", lambda: all(d.image == image("a") for d in fleet))
    fleet[1].works = True
    out = gyre("deploy", "bottle", "--image", image("d"), "--data", data, "--labels", labels, "--min-accuracy", "0.9")
    assert "done" in out and "ring test: test-1" in out, out
    assert all(d.image == image("d") for d in fleet)


def killed_server_in_a_roll_out():
    kills = 0
    for digit in "ef0":
        id = roll_out(digit)["id"]
        for _ in range(3):
            time.sleep(random.uniform(0, 0.15))
            server.kill()
            kills += 1
            server.start()
        shown = state_of(id, 60)
        assert shown["state"] == "done", shown
        assert all(d.image == image(digit) for d in fleet), [(d.name, d.image) for d in fleet]
    print(f"   killed server: {kills} times within 3 roll-outs")


def a_roll_out_as_a_step():
    subprocess.run([build / "gyre-tiny-model", "bright", work / "model.onnx", "1"], check=True)
    gyre("package", "--model", work / "model.onnx", "--name", "bottle", "--as", "bottle-image")
    (work / "samples").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (work / name).rename(work / "samples" / name)
    words = ("rollout", "run", "--package", "bottle-image", "--app", "bottle", "--frames", work / "samples", "--labels", work / "labels.json",
             "--part", "all", "--min-accuracy", "0.9", "--as", "deployed")
    gyre(*words)
    assert len({d.image for d in fleet}) == 1 and fleet[0].image.startswith("bottle@sha256:")
    count = len(server.call("GET", "/api/rollouts")["rollouts"])
    began = time.time()
    gyre(*words)
    print(f"   the same roll-out again: {time.time() - began:.2f} s")
    assert len(server.call("GET", "/api/rollouts")["rollouts"]) == count
    fleet[0].right = False
    subprocess.run([build / "gyre-tiny-model", "bright", work / "model.onnx", "2"], check=True)
    gyre("package", "--model", work / "model.onnx", "--name", "bottle", "--as", "bottle-image")
    before = fleet[0].image
    assert "accuracy 0.5 is below 0.9" in gyre(*words, code=5)
    fleet[0].right = True
    assert fleet[0].image == before


def late_and_new_devices():
    fleet[2].stop()
    wait_for("it is seen as offline", lambda: not server.call("GET", f"/api/devices/{fleet[2].name}")["online"])
    id = roll_out("1")["id"]
    shown = state_of(id)
    phases = {d["id"]: d["phase"] for d in shown["devices"]}
    assert shown["state"] == "done" and phases[fleet[2].name] == "pending", shown
    fleet[2].wanted = True
    fleet[2].live()
    wait_for("it took the image by itself", lambda: fleet[2].image == image("1"))
    wait_for("the roll-out knows", lambda: all(d["phase"] == "running" for d in server.call("GET", f"/api/rollouts/{id}")["devices"]))
    new = Device("line-9", "production").live()
    wait_for("a device added later", lambda: new.image == image("1"))
    fleet.append(new)


def revoked_device():
    gone, stays = fleet.pop(), fleet[0]
    gone.wanted = False
    time.sleep(0.2)
    client = gone.client
    gyre("device", "revoke", gone.name)
    assert client.closed.wait(5), "its connection was not cut"
    wait_for("the others are back", lambda: not stays.client.closed.is_set() and server.call("GET", f"/api/devices/{stays.name}")["online"])
    for _ in range(2):
        try:
            gone.connect()
        except (ssl.SSLError, ConnectionError, OSError, Refused):
            pass
        else:
            raise AssertionError("a revoked device got in")
        server.kill()
        server.start()  # and still after a restart
    assert server.call("POST", "/api/devices", {"name": gone.name})["status"] == 409


server = Server()
data = labels = None
fleet = []
try:
    gyre("init")
    server.start()
    with tarfile.open(work / "data.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        for name in ("a.jpg", "b.jpg"):
            (work / name).write_text(name)
            tar.add(work / name, name)
    import hashlib
    layer = {"version": 1, "classes": ["dented", "good"], "labels": {
        "sha256:" + hashlib.sha256(n.encode()).hexdigest(): {"label": l} for n, l in (("a.jpg", "good"), ("b.jpg", "dented"))}}
    (work / "labels.json").write_text(json.dumps(layer))
    data = server.call("POST", "/api/assets", {"name": "held-back", "type": "any", "path": str(work / "data.tar")})["digest"]
    labels = server.call("POST", "/api/assets", {"name": "labels", "type": "labels", "path": str(work / "labels.json")})["digest"]
    fleet = [Device("test-1", "test"), Device("line-1", "production"), Device("line-2", "production")]
    for test in (a_device_may_use_its_own_topics_only, a_repeated_message_counts_once, killed_broker,
                 killed_server_keeps_what_it_acknowledged, roll_out_ring_by_ring, gates_hold, killed_server_in_a_roll_out,
                 a_roll_out_as_a_step, late_and_new_devices, revoked_device):
        began = time.time()
        test()
        print(f"ok {test.__name__} {time.time() - began:.1f} s", flush=True)
finally:
    for device in fleet:
        device.wanted = False
    if server.process.poll() is None:
        server.process.terminate()
        server.process.wait(20)
    subprocess.run(["rm", "-rf", work])
