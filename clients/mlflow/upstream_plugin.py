"""A pytest plugin for MLflow's own tests: whatever starts an MLflow server starts `gyre up` on a workspace of its own instead."""
import contextlib
import importlib
import json
import os
import pathlib
import subprocess
import tempfile
import time


@contextlib.contextmanager
def fresh_server(port=0):
    with tempfile.TemporaryDirectory() as folder:
        program = os.environ["GYRE"]
        subprocess.run([program, "init"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        server = subprocess.Popen([program, "up", "--port", str(port), "--registry-port", "0", "--mqtt-port", "0"], cwd=folder, stdout=subprocess.DEVNULL)
        try:
            address = pathlib.Path(folder, ".gyre/run/server.json")
            while not address.exists():
                assert server.poll() is None, "gyre up ended"
                time.sleep(0.02)
            yield json.loads(address.read_text())["url"]
        finally:
            server.terminate()
            server.wait()


@contextlib.contextmanager
def init_server(*_, **__):
    with fresh_server() as url:
        yield url


@contextlib.contextmanager
def server_thread(_, port):
    with fresh_server(port) as url:
        yield url


class launch_server(contextlib.ExitStack):
    """What MLflow's versions take it for: a process to kill, or a context."""

    def __init__(self, host, port, *_, **__):
        super().__init__()
        self.enter_context(fresh_server(port))

    kill = contextlib.ExitStack.close


def pytest_configure():
    utils = importlib.import_module("tests.tracking.integration_test_utils")
    utils._init_server = init_server  # before the tests import them by name
    utils.ServerThread = server_thread


def pytest_collection_modifyitems(config, items):
    other_stores = [item for item in items if getattr(item, "callspec", None) and "file" in item.callspec.params.values()]
    config.hook.pytest_deselected(items=other_stores)
    items[:] = [item for item in items if item not in other_stores]
    for item in items:
        if hasattr(item.module, "_launch_server"):
            item.module._launch_server = launch_server


def pytest_runtest_logreport(report):
    decided = report.when == "call" or (report.when == "setup" and report.outcome != "passed")
    if decided and "GYRE_UPSTREAM_RESULTS" in os.environ:
        with open(os.environ["GYRE_UPSTREAM_RESULTS"], "a") as results:
            results.write(f"{report.outcome} {report.nodeid}\n")
