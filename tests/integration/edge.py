#!/usr/bin/env python3
"""The device agent with a real broker, registry and containers: edge.py [--build build]. Prints "ok NAME" for each
part that holds, or "skipped: why"."""
import argparse, os, pathlib, random, shutil, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from edge_parts import *


class World:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        broker_folder = folder / "broker"
        broker_folder.mkdir()
        self.registry = Registry()
        self.signer = Signer(folder)
        self.broker = Broker(broker_folder)
        self.images = Images(build, self.registry, self.signer)
        self.good = self.images.make(self.images.model("bright", "1"))
        self.device = Device(build, folder, self.broker, "line-1", self.signer)
        self.server = Server(self.broker, "line-1")

    def want(self, image=None, **more):
        modules = {} if image is None else {"bottle": {"image": image, "input": "camera", **more}}
        self.server.desire(registry=self.registry.url, modules=modules)

    def state(self, state, image, seconds=30):
        wait_for(f"{image[:30]} {state}", lambda: self.server.module().get("state") == state and
                 self.server.module().get("image") == image, seconds)

    def answered(self, label):
        return sum(b["labels"].get(label, 0) for b in self.server.of_kind("answers"))

    def containers(self):
        return [p.name for p in (self.device.state / "run" / "runc").glob("*")]


def first_module(w):
    w.want(w.good)
    w.device.start()
    w.state("running", w.good)
    module = w.server.module()
    assert module["downloaded_bytes"] > 1_000_000 and module["restarts"] == 0, module
    for i in range(10):
        w.device.put(f"{i}.png", png(20 if i < 4 else 230))
    wait_for("answers", lambda: w.answered("dark") == 4 and w.answered("bright") == 6)
    wait_for("inputs are removed", lambda: not w.device.inputs())
    assert any("sketch" in b for b in w.server.of_kind("answers"))


def hardened(w):
    root = w.device.state / "run" / "runc" / "module-bottle" / "state.json"
    pid = json.loads(root.read_text())["init_process_pid"]
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    field = lambda name: re.search(rf"^{name}:\s*(.*)$", status, re.M).group(1)
    assert field("Uid").split()[0] == "201000", field("Uid")
    assert int(field("CapEff"), 16) == 0 and int(field("CapBnd"), 16) == 0
    assert field("NoNewPrivs") == "1" and field("Seccomp") == "2"
    mounts = {line.split()[4]: line.split()[5] for line in pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()}
    assert "ro" in mounts["/"].split(",") and "ro" in mounts["/input"].split(","), mounts
    assert len(pathlib.Path(f"/proc/{pid}/net/dev").read_text().splitlines()) == 3  # two of header, lo
    assert "/run/gyre-edge" not in pathlib.Path("/proc/self/mountinfo").read_text()


def stopped_while_it_starts(w):
    """A container's first process gets no signal that it does not handle yet: it is told again, not waited for."""
    w.device.stop()
    state = w.device.state / "run" / "runc" / "module-bottle" / "state.json"

    def program():
        try:
            return pathlib.Path(f"/proc/{json.loads(state.read_text())['init_process_pid']}/cmdline").read_bytes()
        except (OSError, ValueError):
            return b""

    for _ in range(5):
        w.device.start()
        until = time.time() + 20
        while b"/gyre/module" not in program():  # no pause: this is a matter of milliseconds
            assert time.time() < until, "no module starts"
        began = time.time()
        w.device.stop()
        assert time.time() - began < 2, f"{time.time() - began:.1f} s"
    w.device.start()
    w.state("running", w.good)


def bad_inputs(w):
    before = len(w.server.of_kind("answers"))
    w.device.put("broken.png", b"no picture")
    w.device.put("good.png", png(20))
    wait_for("the error is told", lambda: any(b["errors"] == 1 for b in w.server.of_kind("answers")[before:]))
    wait_for("set aside", lambda: (w.device.state / "refused" / "bottle" / "broken.png").exists())
    assert w.server.module()["state"] == "running"


def update_downloads_a_layer(w):
    second = w.images.make(w.images.model("bright", "2"))
    w.registry.got.clear()
    w.want(second)
    w.state("running", second)
    layers = {w.images.libraries["digest"], w.images.module["digest"]}
    assert not layers & {name for name, _ in w.registry.got}, "shared layers came again"
    assert w.server.module()["downloaded_bytes"] < 10_000, w.server.module()
    w.good = second


def samples_within_budget(w):
    w.want(w.good, samples={"per_day": 3, "below": 0.9})
    w.state("running", w.good)
    wait_for("restart with the new entry", lambda: w.device.log.read_text().count("golden") >= 3)
    for i in range(6):
        w.device.put(f"s{i}.png", png(128))
    wait_for("answers", lambda: sum(b["count"] for b in w.server.of_kind("answers") if any(i["name"][0] == "s" for i in b["items"])) == 6)
    samples = wait_for("samples", lambda: len(w.server.of_kind("sample")) >= 3 and w.server.of_kind("sample"))
    time.sleep(0.5)
    assert len(w.server.of_kind("sample")) == 3, len(w.server.of_kind("sample"))
    assert base64.b64decode(samples[0]["bytes"]) == png(128) and samples[0]["why"] == "uncertain"


def refused(w):
    other = Signer(w.folder, "other")
    cases = {"not signed": w.images.make(w.images.model("bright", "3"), signed=False),
             "does not trust": w.images.make(w.images.model("bright", "4"), signer=other)}
    altered = w.images.make(w.images.model("bright", "5"))
    layer = json.loads(w.registry.blobs[altered.split("@")[1]])["layers"][2]["digest"]
    content = bytearray(w.registry.blobs[layer])
    content[len(content) // 2] ^= 1
    w.registry.blobs[layer] = bytes(content)
    cases["do not have their digest"] = altered
    cases["golden inputs get other answers"] = w.images.make(w.images.model("bright", "1", "wrong"))
    cases["is not there"] = "bottle@sha256:" + "0" * 64
    w.registry.referrers["sha256:" + "0" * 64] = [w.signer.sign("sha256:" + "0" * 64)]
    for why, image in cases.items():
        w.want(image)
        wait_for(why, lambda: w.server.module().get("state") == "rolled_back" and why in w.server.module().get("error", ""))
        assert w.server.module()["image"] == w.good and w.server.module()["refused"] == image
        count = len(w.server.of_kind("answers"))
        w.device.put("still.png", png(20))
        wait_for("the former one still answers", lambda: any(
            b["image"] == w.good and b["count"] for b in w.server.of_kind("answers")[count:]))
    w.want(w.good)
    w.state("running", w.good)


def killed_module(w):
    root = w.device.state / "run" / "runc" / "module-bottle" / "state.json"
    os.kill(json.loads(root.read_text())["init_process_pid"], 9)
    wait_for("restart", lambda: w.server.module().get("restarts") == 1 and w.server.module()["state"] == "running")


def validation(w):
    data = tar({f"{i:03}.png": (png(i * 12), 0o644) for i in range(20)})
    body = {"id": "v1", "image": w.good, "data": w.registry.add(data)}
    w.server.desire(registry=w.registry.url, modules={"bottle": {"image": w.good, "input": "camera"}}, validate=body)
    result = wait_for("validation", lambda: w.server.of_kind("validation"))[0]
    assert result["samples"] == 20 and result["id"] == "v1" and result["golden"] == 0, result
    assert [a["name"] for a in result["answers"]] == [f"{i:03}.png" for i in range(20)]
    assert 0 < result["p50_ms"] <= result["p99_ms"] and result["pss_mb"] > 1, result
    with tempfile.TemporaryDirectory() as folder:  # bit for bit what the module answers outside
        for i in range(20):
            (pathlib.Path(folder) / f"{i:03}.png").write_bytes(png(i * 12))
        model = pathlib.Path(folder + ".onnx")
        model.write_bytes(w.images.model("bright", "2"))
        lines = sh(w.build / "gyre-module", "check", "--input", folder, "--model", model).decode().splitlines()[1:]
        model.unlink()
    assert [json.loads(line)["answer"] for line in lines] == [a["answer"] for a in result["answers"]]
    w.server.desire(registry=w.registry.url, modules={"bottle": {"image": w.good, "input": "camera"}},
                    validate={**body, "id": "v2", "data": "sha256:" + "1" * 64})
    wait_for("an answer that says why not", lambda: any("is not there" in b.get("error", "") for b in w.server.of_kind("validation")))


def gather_and_rules(w):
    level = w.images.make(w.images.model("level", "1"), name="pump")
    rule = {"name": "clean", "every_ms": 1000, "sql": "select max(time) as time, median(flow) as flow, median(heat) as heat from readings"}
    w.server.desire(registry=w.registry.url, gather={"spare": {"every": 3}}, modules={
        "bottle": {"image": w.good, "input": "camera"},
        "pump": {"image": level, "input": "telemetry", "rules": [rule]}})
    wait_for("the second module", lambda: w.server.module("pump").get("state") == "running")
    for i in range(9):
        w.device.put(f"g{i}.png", png(5), "spare")
    wait_for("gathered", lambda: len([s for s in w.server.of_kind("sample") if s.get("input") == "spare"]) == 3)
    for second in range(8):
        rows = "".join(f"{second + t / 10},{500 if t == 4 else 1},2\n" for t in range(10))
        w.device.put(f"t{second}.csv", f"time,flow,heat\n{rows}".encode(), "telemetry")
    pump = lambda: [b for b in w.server.of_kind("answers") if b["module"] == "pump"]
    wait_for("windows answered", lambda: sum(b["count"] for b in pump()) >= 4)
    assert all(item["score"] == 1.5 and not item["alarm"] for b in pump() for item in b["items"]), pump()
    w.want(w.good)
    wait_for("pump taken off", lambda: "pump" not in w.server.reported["modules"])


def killed_agent(w):
    """kill -9 at random moments of an update, with inputs coming in: it ends right, and nothing runs twice."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    sent = 0
    answers = lambda: {i["name"] for b in w.server.of_kind("answers") for i in b["items"]}
    names = set()
    for turn in range(8):
        image = w.images.make(w.images.model("bright", str(10 + turn)))
        w.registry.delay = 0.02
        w.want(image)
        for _ in range(5):
            names.add(f"k{sent}.png")
            w.device.put(f"k{sent}.png", png(20))
            sent += 1
        time.sleep(chance.uniform(0, 0.8))
        w.device.kill()
        w.device.start()
        w.registry.delay = 0
        try:
            w.state("running", image)
        except AssertionError:
            raise AssertionError(f"seed {seed}, turn {turn}: {w.server.module()}")
        w.good = image
    wait_for(f"all answers, seed {seed}", lambda: names <= answers())
    wait_for("inputs are removed", lambda: not w.device.inputs())
    assert w.containers() == ["module-bottle"], w.containers()
    assert len(list((w.device.state / "images").iterdir())) <= 3


def broken_network(w):
    w.broker.kill()
    for i in range(5):
        w.device.put(f"n{i}.png", png(20))
    wait_for("answers wait", lambda: w.device.status()["waiting_messages"] > 0)
    w.device.kill()
    w.device.start()
    w.broker.start()
    names = lambda: {i["name"] for b in w.server.of_kind("answers") for i in b["items"]}
    wait_for("answers of the time without a broker", lambda: {f"n{i}.png" for i in range(5)} <= names(), 25)
    w.registry.down = True
    image = w.images.make(w.images.model("bright", str(random.randrange(1000, 9999))))
    w.want(image)
    wait_for("tries again", lambda: "503" in w.server.module().get("error", ""))
    assert w.server.module()["state"] == "pulling"
    w.registry.down = False
    w.state("running", image)
    w.good = image


def offline_device(w):
    w.device.stop()
    assert not w.containers(), "a stopped agent leaves nothing running"
    for scale in ("60", "61", "62"):
        w.good = w.images.make(w.images.model("bright", scale))
        w.want(w.good)
    w.device.start()
    w.state("running", w.good)


def figures(w):
    time.sleep(6)
    agent = w.server.reported["agent"]
    stripped = w.folder / "stripped"
    sh("strip", "-o", stripped, w.build / "gyre-edge")
    print(f"edge: agent pss {w.device.pss_mb():.1f} MB, module pss {w.server.module()['pss_mb']:.1f} MB, "
          f"cold start to connected {agent['start_ms']} ms, binary {stripped.stat().st_size} bytes stripped")
    assert w.device.pss_mb() < 10 and stripped.stat().st_size < 5_000_000


def revoked(w):
    w.broker.revoke("line-1")
    w.broker.kill()
    w.broker.start()
    wait_for("a clear line", lambda: "certificate revoked" in w.device.log.read_text())
    lines = len(w.device.log.read_text().splitlines())
    time.sleep(2)
    assert len(w.device.log.read_text().splitlines()) < lines + 5, "it must not fill the log"
    w.device.put("offline.png", png(20))
    wait_for("the module still answers", lambda: not w.device.inputs())


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default=os.environ.get("GYRE_BUILD", "build"), type=pathlib.Path)
    options.add_argument("--keep", action="store_true")
    given = options.parse_args()
    build = given.build.resolve()
    if os.geteuid() != 0:
        return print("skipped: containers need root")
    for program in ("runc", "mosquitto", "mosquitto_sub", "openssl"):
        if not shutil.which(program):
            return print(f"skipped: no {program}")
    for program in ("gyre-edge", "gyre-module", "gyre-tiny-model"):
        if not (build / program).exists():
            return print(f"skipped: {build / program} is not built")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gyre-edge-"))
    world = None
    try:
        world = World(build, folder)
        for test in (first_module, hardened, stopped_while_it_starts, bad_inputs, update_downloads_a_layer, samples_within_budget, refused,
                     killed_module, validation, gather_and_rules, killed_agent, broken_network, offline_device, figures, revoked):
            start = time.time()
            test(world)
            print(f"ok {test.__name__} {time.time() - start:.1f} s", flush=True)
    except BaseException:
        if world and world.device.log.exists():
            print("".join(world.device.log.read_text().splitlines(True)[-40:]), file=sys.stderr)
            print(json.dumps(world.server.reported, indent=1), file=sys.stderr)
        raise
    finally:
        if world:
            world.device.stop()
            world.server.stop()
            world.broker.kill()
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
