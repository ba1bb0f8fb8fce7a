#!/usr/bin/env python3
"""Tuning a real step: the best is found and kept, a sweep killed with -9 goes on, Ctrl-C keeps the best, bad input is told."""
import json, math, os, pathlib, random, signal, sqlite3, subprocess, tempfile, time

gyre = str(pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve() / "gyre")
folder = pathlib.Path(tempfile.mkdtemp())
flags = ["--input", "table=t.csv", "--set", "target=y", "--set", "hold=0.3", "--metric", "auc"]
search = ["--search", "set.rate=loguniform(-4, -1)", "--search", "set.leaves=quniform(4, 32, 1)"]


def run(*words, code=0):
    done = subprocess.run([gyre, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def ok(name):
    print("ok", name, flush=True)


def trials():
    rows = sqlite3.connect(folder / ".gyre/gyre.db").execute("SELECT record FROM sweep_trial ORDER BY rowid")
    return [json.loads(record) for (record,) in rows]


def write_table():
    numbers = random.Random(1)
    with open(folder / "t.csv", "w") as out:
        out.write("a,b,c,y\n")
        for _ in range(3000):
            a, b, c = (numbers.gauss(0, 1) for _ in range(3))
            out.write(f"{a:.3f},{b:.3f},{c:.3f},{'yes' if math.sin(2 * a) + b * c + numbers.gauss(0, .5) > 0 else 'no'}\n")


def best_of_a_sweep():
    # One at a time: what is proposed next depends on what has ended.
    words = ["tune", "train-table", *flags, *search, "--max-trials", "8", "--concurrent", "1", "--json"]
    found = json.loads(run(*words, "--as", "tuned", "--out", "best.onnx"))
    assert found["state"] == "done" and len(found["trials"]) == 8, found
    assert found["best"]["value"] == max(trial["value"] for trial in found["trials"])
    assert (folder / "best.onnx").stat().st_size > 1000
    assert "tuned" in run("data", "list")
    ok("the best of all trials is found and kept")
    runs = sqlite3.connect(folder / ".gyre/gyre.db").execute(
        "SELECT count(*) FROM run_tag WHERE key = 'mlflow.parentRunId' AND value = ?", (found["parent_run"],)).fetchone()
    assert runs == (8,), runs
    ok("each trial is a run below the sweep's run")
    again = json.loads(run(*words))
    assert all(trial["state"] == "cached" for trial in again["trials"]), again
    assert again["best"]["value"] == found["best"]["value"]
    ok("the same sweep again is the same, and takes nothing")


def a_file():
    (folder / "sweep.yaml").write_text("""
name: grid
step: train-table
inputs: {table: t.csv}
options: {target: y, learner: linear}
search:
  set.penalty: {choice: [0.01, 1, 100]}
metric: log_loss
goal: minimize
sampler: grid
limits: {max_total_trials: 50, max_concurrent_trials: 2}
""")
    found = json.loads(run("tune", "sweep.yaml", "--json"))
    assert len(found["trials"]) == 3, found
    assert found["best"]["value"] == min(trial["value"] for trial in found["trials"])
    ok("a grid from a file ends by itself, and the least is the best")


def killed():
    words = [gyre, "tune", "train-table", *flags, *search, "--set", "seed=7", "--set", "set=[\"rounds=400\"]", "--max-trials", "14", "--sampler", "random"]
    before = len(trials())
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True)
    while sum(trial["state"] == "done" for trial in trials()[before:]) < 3:
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = {trial["number"]: trial for trial in trials()[before:] if trial["state"] == "done"}
    assert 3 <= len(done) < 14, done
    found = json.loads(subprocess.run([*words, "--json"], cwd=folder, capture_output=True, text=True, check=True).stdout)
    assert len(found["trials"]) == 14 and found["state"] == "done", found
    for number, trial in done.items():
        after = found["trials"][number]
        assert all(after[key] == trial[key] for key in ("options", "run", "outputs", "value", "state")), (trial, after)
    ok("a sweep killed with -9 goes on: what was done stays, the rest follows")


def interrupted():
    words = [gyre, "tune", "train-table", *flags, *search, "--set", "seed=8", "--set", "set=[\"rounds=500\"]", "--max-trials", "500", "--json"]
    before = len(trials())
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while sum(trial["state"] == "done" for trial in trials()[before:]) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    found = json.loads(output)
    assert found["state"] == "stopped" and found["best"]["outputs"]["model"].startswith("sha256:"), found
    ok("Ctrl-C keeps the best so far")


def time_limits():
    began = time.time()
    found = json.loads(run("tune", "train-table", *flags, *search, "--set", "seed=9", "--max-trials", "1000", "--timeout", "2", "--json"))
    assert time.time() - began < 20 and 0 < len(found["trials"]) < 1000
    ok("a sweep ends when its time is up")


def bad_input():
    def told(text, *words):
        error = run("tune", *words, code=2)
        assert text in error, error
    told('no distribution "unifrom"', "train-table", *flags, "--search", "set.rate=unifrom(0, 1)")
    told('has no option "ratte"', "train-table", *flags, "--search", "ratte=uniform(0, 1)")
    told("a grid has no end", "train-table", *flags, *search, "--sampler", "grid", "--search", "set.rate=uniform(0, 1)")
    told("leavs", "train-table", *flags, "--search", "set.leavs=quniform(8, 64, 1)")
    told("metric", "train-table", "--input", "table=t.csv", *search)
    ok("what is wrong is told in one line")


write_table()
run("init")
best_of_a_sweep()
a_file()
killed()
interrupted()
time_limits()
bad_input()
subprocess.run(["rm", "-rf", folder], check=True)
