#!/usr/bin/env python3
# slow
"""The tests that keep rows once more, with their rows in a real PostgreSQL. [part of a name...]: only these."""
import os, pathlib, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from postgres import Postgres, programs

build = os.path.abspath(os.environ.get("GYRE_BUILD", "build"))


def main(folder):
    tests = {"text tests": ["scripts/texttest", "--build", build], "MLflow's client": ["clients/mlflow/run"]}
    for name in ("access", "audit", "gc", "lineage", "many", "pack", "remote_files", "track_bad_input", "track_faults"):
        tests[name] = ["python3", f"tests/integration/{name}.py"]
    postgres = Postgres(folder / "postgresql")
    try:
        for name, command in tests.items():
            if not sys.argv[1:] or any(part in name for part in sys.argv[1:]):
                postgres.run_there(name, command)
    finally:
        postgres.stop()


if not programs():
    print("skipped: no PostgreSQL here: apt-get install --no-install-recommends postgresql")
    sys.exit(0)
with tempfile.TemporaryDirectory(prefix="gyre-rows-everywhere-", ignore_cleanup_errors=True) as folder:
    main(pathlib.Path(folder))
