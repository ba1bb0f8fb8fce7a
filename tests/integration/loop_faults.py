#!/usr/bin/env python3
"""A small turn of the loop in which at every station something is killed with -9: loop_faults.py [--build build].
What was on record before each blow must be there after it, nothing half-done may be seen, and the loop must come to its end.
Prints "ok NAME" for each blow that it outlived."""
import argparse, hashlib, json, os, pathlib, random, signal, sqlite3, subprocess, sys, tempfile, threading, time

parser = argparse.ArgumentParser()
parser.add_argument("--build", type=lambda p: pathlib.Path(p).resolve(), default=os.environ.get("GYRE_BUILD", "build"))
parser.add_argument("--random", type=int, default=0, help="further turns, with blows at random moments")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
gyre = str(pathlib.Path(options.build).resolve() / "gyre")


def processes():
    """pid -> (parent, command line)"""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue  # it ended meanwhile
            found[int(entry.name)] = (parent, [w.decode(errors="replace") for w in words])
    return found


class Line:
    """One folder in which the loop turns, and what is known to be on record in it."""

    def __init__(self, folder):
        self.folder = folder
        self.dot_gyre = folder / "line" / ".gyre"
        self.output, self.process, self.known = [], None, {}

    def start(self):
        words = [gyre, "loop", "--quick", "--folder", str(self.folder / "line"), "--out", str(self.folder / "loop.json")]
        self.process = subprocess.Popen(words, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.listen, args=(self.process,), daemon=True).start()

    def listen(self, process):
        for line in process.stdout:
            self.output.append(line.rstrip())

    def of_this_line(self, name):
        """The processes of one kind that belong to this folder."""
        mark = str(self.folder)
        everyone = processes()

        def ours(pid):
            while pid in everyone:
                if any(mark in w for w in everyone[pid][1]):
                    return True
                pid = everyone[pid][0]
                if pid == self.process.pid:
                    return True
            return False
        kinds = {
            "server": lambda w: len(w) > 1 and w[0].endswith("/gyre") and w[1] == "up",
            "agent": lambda w: w[0].endswith("/gyre-edge"),
            "broker": lambda w: w[0].endswith("mosquitto"),
            "training": lambda w: w[0].endswith("/gyre-nets"),
            "step": lambda w: len(w) > 1 and w[0].endswith(("/gyre", "/gyre-nets")) and w[1] == "step",
        }
        return sorted(pid for pid, (_, words) in everyone.items() if kinds[name](words) and ours(pid))

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.dot_gyre}/gyre.db?mode=ro", uri=True, timeout=10) as db:
            return db.execute(sql).fetchall()

    def on_record(self):
        """What was answered and so must stay: finished steps with what they made, versions of models, the audit's entries."""
        if not (self.dot_gyre / "gyre.db").exists():
            return {}
        return {
            "steps": set(self.rows("SELECT id, node, record FROM step_run WHERE state = 'done'")),
            "versions": set(self.rows("SELECT * FROM model_version")) if self.rows("SELECT 1 FROM sqlite_master WHERE name = 'model_version'") else set(),
            "audit": set(self.rows("SELECT * FROM audit")),
            "samples": set(self.rows("SELECT id FROM sample")) if self.rows("SELECT 1 FROM sqlite_master WHERE name = 'sample'") else set(),
        }

    def remember(self):
        self.known = self.on_record()

    def check(self):
        now = self.on_record()
        for kind, rows in self.known.items():
            lost = rows - now[kind]
            assert not lost, f"{len(lost)} {kind} were lost, one of them {next(iter(lost))}"
        for blob in (self.dot_gyre / "blobs" / "sha256").glob("*/*"):
            assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.parent.name + blob.name, f"{blob} is not what its name says"

    def ended(self):
        return self.process.poll() is not None

    def strike(self, victims, sudden=True):
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def run_on(self):
        """Until the turn that runs ends by itself or with an error in words."""
        code = self.process.wait(timeout=180)
        text = "\n".join(self.output[-30:])
        assert code >= 0, f"the loop itself died of signal {-code}\n{text}"
        assert "terminate called" not in text and "internal" not in text.lower().split("gyre:")[-1], text
        return code


def wait_for(what, condition, seconds=120):
    until = time.time() + seconds
    while time.time() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


# At which line of output who is struck. A line that a cached turn repeats says "cached" and does not count.
blows = [
    ("gather: the server", "frames", "server"),
    ("gather: a step", "sounds", "step"),
    ("label: the server", "gather   ✓ day", "server"),
    ("train: the training step", "bottle: 25 %", "training"),
    ("train: the server", "bottle: 50 %", "server"),
    ("onnx: the server", "train    ✓ bottle", "server"),
    ("package: a step", "validate ✓ bottle-day", "step"),
    ("validate: the server", "validate ✓ gearbox-test", "server"),
    ("deploy: the server", "registered life@1", "server"),
    ("deploy: an agent", "registered life@1", "agent"),
    ("deploy: the broker", "deploy   ✓ bottle@1", "broker"),
    ("monitor: an agent", "day: 25 %", "agent"),
    ("monitor: the server", "evening: 25 %", "server"),
    ("monitor: the broker", "evening: 50 %", "broker"),
    ("retrain: the training step", "bottle-again: 25 %", "training"),
    ("retrain: the server", "verdict", "server"),
    ("deploy again: an agent", "registered bottle@2", "agent"),
    ("monitor again: the server", "evening-again: 25 %", "server"),
]


def deliver(line, name, sign, victim):
    """Strikes when the sign is seen; False when this turn went past it without showing it (it was cached)."""
    seen = 0
    while True:
        while seen < len(line.output):
            text = line.output[seen]
            seen += 1
            if sign in text and "cached" not in text:
                line.remember()
                found = line.of_this_line(victim)
                if not found and victim in ("agent", "step", "training", "broker"):
                    found = wait_for(f"{name}: somebody to strike", lambda: line.of_this_line(victim) or line.ended(), 20)
                    if found is True:
                        return False
                line.strike(found[:1])
                return True
        if line.ended() and seen == len(line.output):
            return False
        time.sleep(0.002)


def every_station(folder):
    line = Line(folder)
    for name, sign, victim in blows:
        line.output.clear()
        line.start()
        struck = deliver(line, name, sign, victim)
        code = line.run_on()
        line.check()
        if code == 0 and not struck:
            print(f"ok {name}: the turn was over before", flush=True)
            continue
        assert struck, f"{name}: the turn ended with {code} before it came to {sign!r}\n" + "\n".join(line.output[-20:])
        print(f"ok {name}", "" if code == 0 else "(had to be started again)", flush=True)
    finish(line)
    print("ok the turn came to its end", flush=True)


def finish(line):
    for attempt in range(3):
        line.output.clear()
        line.start()
        if line.run_on() == 0:
            break
    else:
        raise AssertionError("the loop does not come to its end\n" + "\n".join(line.output[-30:]))
    line.check()
    figures = json.loads((line.folder / "loop.json").read_text())
    assert len(figures["devices"]) == 4 and len({d["digest"] for d in figures["devices"]}) == 1, figures["devices"]
    assert [v for (v,) in line.rows("SELECT version FROM model_version WHERE name = 'bottle' ORDER BY version")] == [1, 2]
    assert not line.rows("SELECT * FROM step_run WHERE state = 'running'")
    done = subprocess.run([gyre, "audit", "verify"], cwd=line.folder / "line", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def random_moments(folder, chance):
    line = Line(folder)
    for blow in range(12):
        line.output.clear()
        line.start()
        time.sleep(chance.uniform(0.05, 12))
        line.remember()
        victim = chance.choice(["server", "agent", "broker", "step"])
        line.strike(line.of_this_line(victim)[:1])
        line.run_on()
        line.check()
    finish(line)


def main():
    with tempfile.TemporaryDirectory(prefix="gyre-faults-") as folder:
        every_station(pathlib.Path(folder))
    chance = random.Random(options.seed)
    for turn in range(options.random):
        with tempfile.TemporaryDirectory(prefix="gyre-faults-") as folder:
            random_moments(pathlib.Path(folder), chance)
        print(f"ok random moments, turn {turn + 1}", flush=True)


main()
