#!/usr/bin/env python3
"""Two pipelines with the same work at the same time: it is done once, and both have it."""
import json, os, pathlib, sys, tempfile, urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from server import Server

pipeline = {"name": "pump", "nodes": {"pump": {"step": "gather-line-pump", "options": {"recordings": 6, "seconds": 120}}}}
with tempfile.TemporaryDirectory(prefix="gyre-same-") as folder, Server(folder) as server:
    started = [server.ask("POST", "/api/pipelines", {"pipeline": pipeline})["id"] for _ in range(3)]
    ended = []
    for pipeline_id in started:
        seen = -1
        while (state := server.ask("GET", f"/api/pipelines/{pipeline_id}?seen={seen}&wait=20"))["state"] == "running":
            seen = state["changes"]
        assert state["state"] == "done", state
        ended.append(state["nodes"][0])
    assert sorted(node["state"] for node in ended) == ["cached", "cached", "done"], ended
    assert len({json.dumps(node["outputs"]) for node in ended}) == 1, ended
    print("ok three at once, done once", flush=True)

    started = [server.ask("POST", "/api/pipelines", {"pipeline": pipeline, "fresh": True})["id"] for _ in range(2)]
    for pipeline_id in reversed(started):
        server.ask("POST", f"/api/pipelines/{pipeline_id}/stop")
    for pipeline_id in started:
        seen = -1
        while (state := server.ask("GET", f"/api/pipelines/{pipeline_id}?seen={seen}&wait=20"))["state"] == "running":
            seen = state["changes"]
    print("ok one that waits for another can be stopped", flush=True)
