#!/usr/bin/env python3
"""The 8-bit variant of a registered model of pictures: one command makes it, validates it and registers what it loses; the server
takes it by that loss."""
import json, pathlib, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from serve_site import Serve, build, environment


def gyre(*words, code=0):
    done = subprocess.run([build / "gyre", *map(str, words)], cwd=work, env=environment | {"HOME": str(work)}, text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


with tempfile.TemporaryDirectory(prefix="gyre-int8-") as folder:
    work = pathlib.Path(folder)
    if not (build / "gyre-nets").exists():
        print("skipped: this build trains no nets")
        sys.exit()
    gyre("init")
    gyre("gather", "line", "camera", "--frames", "160", "--as", "day", "--out", "day")
    gyre("label", "folder", "day", "--as", "day-labels")
    gyre("train", "images", "day", "day-labels", "--epochs", "4", "--size", "48", "--as", "bottles")
    gyre("model", "register", "bottles", "bottles", "--alias", "champion")
    made = json.loads(gyre("--json", "model", "int8", "bottles@champion", "day", "day-labels", "--samples", "40", "--loss", "1"))
    (version,) = json.loads(gyre("--json", "model", "versions", "bottles"))["versions"]
    (found,) = version["results"]
    assert found["kind"] == "int8" and found["result"] == made and made["digest"] != version["digest"], found
    assert abs(made["float_accuracy"] - made["accuracy"] - made["loss"]) < 1e-12 and made["samples"] > 20, made
    print(f"ok made, judged on {made['samples']} pictures, registered: {made['accuracy']:.3f} right, {made['float_accuracy']:.3f} before")

    picture = next((work / "day" / "good").iterdir())
    bounds = [(max(made["loss"], 0) + 0.001, True), (0, False)] + ([(made["loss"] / 2, False)] if made["loss"] > 0 else [])
    for bound, taken in bounds:
        with Serve("bottles@champion", "--int8-loss", bound, work=work) as site:
            properties = site.ask("GET", "/v2/models/bottles")[2]["properties"]
            assert properties["digest"] == (made if taken else version)["digest"], (bound, properties)
            status, _, body = site.ask("POST", "/endpoints/bottles/predict", picture.read_bytes(), {"Content-Type": "image/jpeg"})
            assert status == 200 and body["answer"]["label"], body
    print("ok served by what it loses")

    said = gyre("model", "int8", "bottles@9", "day", "day-labels", code=4)
    assert "bottles" in said, said
    said = gyre("model", "int8", "bottles", "day", "none", code=4)
    assert "none" in said, said
    print("ok what is not there is said")
