#!/usr/bin/env python3
"""A table that is larger than the memory it may take is learned from block by block: as well, from the same rows, with what is odd said."""
import json, os, pathlib, random, subprocess, tempfile

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
random.seed(5)


def gyre(*words, fails=False):
    done = subprocess.run([build / "gyre", *map(str, words)], capture_output=True, text=True, cwd=work)
    assert (done.returncode != 0) == fails, (words, done)
    return done


def train(*words):
    """What was said, and the report."""
    done = gyre("train", "table", "t.csv", "--json", *words)
    digest = json.loads(done.stdout)["outputs"]["report"].split(":")[1]
    report = json.loads(next((work / ".gyre/blobs").rglob(f"*{digest[-48:]}")).read_text())
    return "\n".join(report["findings"]), report


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    gyre("init")
    with open(work / "t.csv", "w") as file:
        file.write("a,b,kind,weight,y,label\n")
        for i in range(60_000):
            a, b, kind = random.gauss(0, 1), random.gauss(5, 2), random.randrange(40)
            y = 3 * a + b * (kind % 3) + random.gauss(0, 0.3)
            odd = "oops" if i == 50_000 else f"{b:.3f}"
            file.write(f"{a:.4f},{odd},{'' if i % 97 == 0 else f'k{kind}'},{1 + i % 2},{'' if i == 33_333 else f'{y:.3f}'},{'high' if y > 5 else 'low'}\n")
            if i == 40_000:
                file.write("1,2\n")
    for learner in ("lightgbm", "linear"):
        scores = []
        for memory in (1, 1000):
            told, report = train("--target", "y", "--leave-out", "label", "--weight", "weight", "--learner", learner, "--memory", memory)
            assert 'column "b": 1 cell is no number and taken as missing; the first is "oops" in row 5000' in told, told
            assert 'target "y": 1 row has none and is left out; the first is row 33334' in told, told
            assert "line 40003 is left out: it has too few cells" in told, told
            assert ("read block by block" in told) == (memory == 1), told
            scores.append((report["held_back"], report["scores"]["r2"], report["learned_from"] + report["checked_with"]))
        assert scores[0][0] == scores[1][0] and scores[0][2] == scores[1][2], scores
        assert abs(scores[0][1] - scores[1][1]) < 0.005 and scores[0][1] > 0.8, scores
        print(f"ok {learner}: {scores}")
        told, report = train("--target", "label", "--leave-out", "y", "--class-weights", "balanced", "--learner", learner, "--memory", 1)
        assert report["scores"]["auc"] > 0.95 and report["onnx_difference"] < 1e-5, report
        print(f"ok {learner}: labels, by weights of classes")
    assert 'has no column "z"' in gyre("train", "table", "t.csv", "--target", "z", "--memory", 1, fails=True).stderr
    print("ok wrong targets")
