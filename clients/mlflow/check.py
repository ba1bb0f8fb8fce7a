"""The real MLflow client against the server at MLFLOW_TRACKING_URI: each check raises when an answer is not what MLflow's own
server gives. Checks are the functions of checks/*.py whose names start with `check_`; names are made unique, so that a store need
not be empty."""
import importlib
import os
import pathlib
import sys
import time
import traceback

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here))
only = os.environ.get("GYRE_MLFLOW_ONLY", "").split()
failed = 0
for file in sorted(here.glob("checks/[a-z]*.py")):
    module = importlib.import_module("checks." + file.stem)
    for name, check in list(vars(module).items()):
        title = f"{file.stem}.{name.removeprefix('check_')}"
        if not name.startswith("check_") or check.__module__ != module.__name__ or (only and not any(o in title for o in only)):
            continue
        began = time.time()
        try:
            check()
            print(f"ok {title} {time.time() - began:.1f} s", flush=True)
        except Exception as error:  # each check is its own: the others are still worth knowing
            failed += 1
            print(f"FAILED {title}: {type(error).__name__}: {str(error)[:600]}", flush=True)
            traceback.print_exc()
sys.exit(failed > 0)
