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
        self.output, self.process, self.known, self.first_seen = [], None, {}, {}

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
            "step": lambda w: len(w) > 1 and w[0].endswith(("/gyre", "/gyre-nets")) and w[1] == "step",
        }
        return sorted(pid for pid, (_, words) in everyone.items() if kinds[name](words) and ours(pid))

    def steps(self):
        """pid -> name of the step, of the steps that run in this line."""
        found = {}
        for pid in self.of_this_line("step"):
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                request = json.loads(pathlib.Path(words[2]).read_text())
                found[pid] = request["step"] + (" from weights" if "start" in request["inputs"] else "")
            except (OSError, IndexError, ValueError):
                pass  # it ended meanwhile
        return found

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.dot_gyre}/gyre.db?mode=ro", uri=True, timeout=10) as db:
            return db.execute(sql).fetchall()

    def on_record(self):
        """What was answered and so must stay."""
        try:
            self.rows("SELECT count(*) FROM rollout")
        except sqlite3.OperationalError:
            return {}  # the first server is still making the tables
        return {
            "finished steps": set(self.rows("SELECT id, node, record FROM step_run WHERE state = 'done'")),
            "model versions": set(self.rows("SELECT model, version, digest FROM model_version")),
            "audit entries": set(self.rows("SELECT * FROM audit")),
            "samples": set(self.rows("SELECT id, digest FROM queue_sample")),
            "roll-outs": set(self.rows("SELECT id, app FROM rollout")),
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

    def strike(self, victims):
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


# At which line of output who is struck. A server that was killed takes its pipeline up again by itself, so that a turn
# that is repeated may find a step done that it would have shown.
blows = [
    ("gather: the server", ["gather   ✓ pump-normal"], "server"),
    ("label: the server", ["gather   ✓ day", "label    ✓ evening-test-labels", "label    ✓ day-labels"], "server"),
    ("train: the server", ["train    ✓ pump", "train    ✓ life", "train    ✓ gearbox"], "server"),
    ("onnx: the server", ["train    ✓ bottle "], "server"),
    ("validate: the server", ["validate ✓ bottle-evening", "validate ✓ pump-test", "package  ✓"], "server"),
    ("deploy: an agent", ["deploy   ✓ bottle@1"], "agent"),
    ("deploy: the server", ["registered life@1"], "server"),
    ("deploy: the broker", ["deploy   ✓ gearbox@1"], "broker"),
    ("monitor: an agent", ["deploy   ✓ pump@1"], "agent"),
    ("monitor: the broker", ["monitor  ✓ day"], "broker"),
    ("label again: the server", ["frames of the evening came back"], "server"),
    ("retrain: the server", ["train    ✓ bottle-again"], "server"),
    ("deploy again: an agent", ["registered bottle@2", "deploy   ✓ bottle@2", "evening-again: 25 %", "monitor  ✓ evening-again"], "agent"),
    ("monitor again: the server", ["deploy   ✓ bottle@2"], "server"),
]


# Struck while a step runs: name of the step, how many seconds after it was first seen, who if not the step itself.
step_blows = [
    ("gather: a step", "gather-line-microphone", 0.2),
    ("train: the training step", "train-images", 1.5),
    ("train: another", "train-sounds", 0.5),
    ("onnx: a step", "quantise", 0.2),
    ("package: a step", "package", 0),
    ("validate: a step", "evaluate", 0.1),
    ("monitor: a step", "drive-line", 1),
    ("monitor: the server", "drive-line", 0.7, "server"),
    ("retrain: the training step", "train-images from weights", 1.5),
]


def strike_steps(line, pending):
    """Strikes the first pending one of a kind whose time has come; gives the names of those struck."""
    struck = []
    for pid, step in line.steps().items():
        for blow in [b for b in pending if b[1] == step][:1]:
            if time.time() - line.first_seen.setdefault((pid, step), time.time()) >= blow[2]:
                line.remember()
                line.strike(line.of_this_line(blow[3]) if len(blow) > 3 else [pid])
                pending.remove(blow)
                struck.append(blow[0])
    return struck


def every_station(folder):
    line, pending, pending_steps = Line(folder), list(blows), list(step_blows)
    for turn in range(3 * (len(blows) + len(step_blows))):
        line.output.clear()
        line.start()
        seen, struck = 0, []
        while not line.ended() or seen < len(line.output):
            if seen == len(line.output):
                struck += strike_steps(line, pending_steps)
                time.sleep(0.01)
                continue
            text = line.output[seen]
            seen += 1
            for blow in [b for b in pending if any(sign in text for sign in b[1])]:
                line.remember()
                if found := line.of_this_line(blow[2]):
                    line.strike(found[:1])
                    pending.remove(blow)
                    struck.append(blow[0])
        code = line.run_on()
        line.check()
        for name in struck:
            print(f"ok {name}", flush=True)
        if code == 0:
            break
        assert struck, f"the turn ended with {code} and nobody was struck\n" + "\n".join(line.output[-20:])
    assert not pending and not pending_steps, f"never came to: {pending} {pending_steps}"
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
    assert [v for (v,) in line.rows("SELECT version FROM model_version WHERE model = 'bottle' ORDER BY version")] == [1, 2]
    assert not line.rows("SELECT * FROM step_run WHERE state = 'running'")


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
