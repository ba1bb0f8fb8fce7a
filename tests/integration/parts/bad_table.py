"""A folder with a bad table in it, and what the programs say of it."""
import os, pathlib, subprocess

build = pathlib.Path(os.environ.get("GYRE_BUILD", "build")).resolve()
dates = ("2024-{1:02}-{0:02}", "{0:02}.{1:02}.2024", "{0}/{1}/2024")
infinite = {5: "inf", 6: "-Infinity", 7: "1e308", 8: "-1e39"}


def rows(count, cells):
    return "".join(",".join(str(c) for c in cells(i)) + "\n" for i in range(count))


class BadTable:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.gyre("init")

    def gyre(self, *words):
        done = subprocess.run([build / "gyre", *map(str, words)], capture_output=True, text=True, cwd=self.folder)
        assert done.returncode in (0, 1, 2, 3, 4, 5, 6), (words, done)  # no signal
        return done

    def write(self, text, name="bad.csv"):
        (self.folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    def refused(self, *parts, target="y", words=()):
        done = self.gyre("train", "table", "bad.csv", "--target", target, *words)
        told = done.stdout + done.stderr
        assert done.returncode != 0 and all(part in told for part in parts), (parts, told)

    def learned(self, *parts, target="y", words=(), learners=("lightgbm", "linear")):
        """Trains with each of the learners; the last one's model stays."""
        for learner in learners:
            (self.folder / "bad.onnx").unlink(missing_ok=True)
            done = self.gyre("train", "table", "bad.csv", "--target", target, "--learner", learner, "--out", "bad.onnx", *words)
            told = done.stdout + done.stderr
            assert done.returncode == 0 and all(part in told for part in parts), (learner, parts, told)
            assert self.gyre("model", "check", "bad.onnx").returncode == 0
