#!/usr/bin/env python3
# slow
"""50,000 columns: a model within bounded time and memory."""
import os, pathlib, resource, subprocess, tempfile, time

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
width, most_seconds, most_megabytes = 50_000, 300, 3_000


def gyre(*words):
    began = time.monotonic()
    done = subprocess.run([build / "gyre", *map(str, words)], capture_output=True, text=True, cwd=work, timeout=most_seconds)
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
    print(f"ok {' '.join(map(str, words[:2]))}: {time.monotonic() - began:.0f} s")
    return done.stdout + done.stderr


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    gyre("init")
    with open(work / "wide.csv", "w") as file:
        file.write(",".join(f"c{i}" for i in range(width)) + ",y\n")
        for r in range(120):
            cells = [(i * 7 + r * 13 + r * r % (i % 11 + 2)) % 101 for i in range(width)]
            cells[4000] = r % 2 * 50 + r % 7  # the one that tells
            file.write(",".join(map(str, cells)) + f",{'ab'[r % 2]}\n")
    told = gyre("train", "table", "wide.csv", "--target", "y", "--out", "wide.onnx")
    assert "120 rows" in told, told[:2000]
    told = gyre("validate", "table", "wide.onnx", "wide.csv", "--target", "y", "--part", "all")
    assert "accuracy 1 " in told, told[-2000:]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    assert peak < most_megabytes, peak
    print(f"ok at most {peak} MB")
