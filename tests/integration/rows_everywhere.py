#!/usr/bin/env python3
# slow
"""The tests that keep rows once more, with their rows in a real PostgreSQL."""
import os, pathlib, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from postgres import Postgres, programs

build = os.path.abspath(os.environ.get("GYRE_BUILD", "build"))


def main(folder):
    postgres = Postgres(folder / "postgresql")
    try:
        postgres.run_there("text tests", ["scripts/texttest", "--build", build])
        for name in ("access", "audit", "gc", "lineage", "pack", "track_bad_input", "track_faults"):
            postgres.run_there(name, ["python3", f"tests/integration/{name}.py"])
        postgres.run_there("MLflow's client", ["clients/mlflow/run"])
    finally:
        postgres.stop()


if not programs():
    print("skipped: no PostgreSQL here: apt-get install --no-install-recommends postgresql")
    sys.exit(0)
with tempfile.TemporaryDirectory(prefix="gyre-rows-everywhere-", ignore_cleanup_errors=True) as folder:
    main(pathlib.Path(folder))
