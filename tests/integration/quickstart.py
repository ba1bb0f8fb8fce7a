#!/usr/bin/env python3
"""The quick start, followed literally: each `$` line of docs/quickstart.md is run by one shell, in order, and must succeed.

It has the usual ports to itself, in a network of its own: that needs root.
"""
import os, pathlib, re, signal, subprocess, sys, tempfile

root = pathlib.Path(__file__).resolve().parent.parent.parent
build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
if os.geteuid() != 0:
    print("skipped: a network of its own needs root")
    sys.exit(0)

commands = re.findall(r"^    \$ (.*)$", (root / "docs/quickstart.md").read_text(), re.M)
script = ["ip link set lo up"]
for command in commands:
    # The line is said first, so that a failure has a name.
    script += [f"echo {subprocess.list2cmdline([command])!r}"]
    script += [command] if command.endswith("&") else [f"{{ {command} ; }} || exit 1"]
script += ["kill $(jobs -p); wait"]
with tempfile.TemporaryDirectory(prefix="gyre-quickstart-") as folder:
    environment = dict(os.environ, HOME=folder, PATH=f"{build}:{os.environ['PATH']}", GYRE_CACHE=folder + "/cache")
    for name in ("GYRE_HOME", "GYRE_URL"):
        environment.pop(name, None)
    process = subprocess.Popen(["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", "\n".join(script)],
                               cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=300)
    if process.returncode != 0:
        print(output)
        for log in ("server.log", "edge.log"):
            if os.path.exists(f"{folder}/{log}"):
                print(log, open(f"{folder}/{log}").read()[-3000:])
        sys.exit(1)
    for expected in ("accuracy", "bench-1", "running", "dented"):
        assert expected in output, f"{expected!r} is not in what was printed:\n{output}"
    if "--show" in sys.argv:
        print(output)
print(f"ok the {len(commands)} commands of the quick start")
