#!/usr/bin/env python3
"""Tracking under kill -9: sixteen clients log points, params and runs while the server is killed again and again.

Each answered write is there afterwards, once, and nothing is torn: a batch is there whole or not at all. --rounds N (5).
"""
import argparse, http.client, json, os, pathlib, random, subprocess, sys, tempfile, threading, time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from server import Server, gyre

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=5)
options = parser.parse_args()
api = "/api/2.0/mlflow"


def call(server, method, path, body=None):
    return server.ask(method, api + path, body)


class Client(threading.Thread):
    """Logs until the server is gone; remembers what was answered."""

    def __init__(self, server, number, run):
        super().__init__()
        self.server, self.number, self.run_id = server, number, run
        self.steps, self.batches, self.made, self.wrong = [], [], [], None

    def ask(self, connection, path, body):
        connection.request("POST", api + path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            self.wrong = f"{answer.status} {text[:200]}"
        return json.loads(text)

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        step = self.server.next_step + self.number * 1_000_000
        try:
            while True:
                step += 1
                if step % 7 == 0:
                    self.ask(connection, "/runs/log-batch", {"run_id": self.run_id, "metrics": [
                        {"key": f"part{i}", "value": step, "timestamp": 1, "step": step} for i in range(20)],
                        "params": [{"key": f"p{step}", "value": "v"}]})
                    self.batches.append(step)
                elif step % 11 == 0:
                    made = self.ask(connection, "/runs/create", {"experiment_id": "0", "run_name": f"made {step}", "tags": [{"key": "step", "value": str(step)}]})
                    self.made.append(made["run"]["info"]["run_id"])
                else:
                    self.ask(connection, "/runs/log-metric", {"run_id": self.run_id, "key": "loss", "value": step / 2, "timestamp": 1, "step": step})
                    self.steps.append(step)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass  # the server is gone; whatever it did not answer may be there or not


def history(server, run, key):
    return [point["step"] for point in call(server, "GET", f"/metrics/get-history?run_id={run}&metric_key={key}").get("metrics", [])]


def main(folder):
    subprocess.run([gyre, "init"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    server = Server(folder).start()
    runs = [call(server, "POST", "/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"] for _ in range(16)]
    steps, batches, made = [set() for _ in runs], [set() for _ in runs], set()
    second = subprocess.run([gyre, "up", "--port", "0"], cwd=folder, env=server.env, text=True, capture_output=True)
    assert second.returncode != 0 and "working in" in second.stderr, second.stderr
    print("ok a second server on the workspace refuses and says who holds it", flush=True)
    for round in range(options.rounds):
        server.next_step = round * 10_000
        clients = [Client(server, number, run) for number, run in enumerate(runs)]
        for client in clients:
            client.start()
        time.sleep(random.uniform(0.1, 0.8))
        server.kill()
        for client in clients:
            client.join()
            assert client.wrong is None, client.wrong
            steps[client.number].update(client.steps)
            batches[client.number].update(client.batches)
            made.update(client.made)
        server.start()
    answered = sum(map(len, steps)) + sum(map(len, batches)) + len(made)
    for number, run in enumerate(runs):
        found = history(server, run, "loss")
        assert len(found) == len(set(found)), f"points of run {number} are there twice"
        assert steps[number] <= set(found), f"run {number} lost {sorted(steps[number] - set(found))[:5]}"
        parts = [set(history(server, run, f"part{i}")) for i in range(20)]
        assert all(part == parts[0] for part in parts), f"a batch of run {number} is torn"
        assert batches[number] <= parts[0], f"run {number} lost batches"
        data = call(server, "GET", f"/runs/get?run_id={run}")["run"]["data"]
        assert {int(param["key"][1:]) for param in data.get("params", [])} == parts[0], f"params and points of run {number} differ"
        last = {metric["key"]: metric["step"] for metric in data["metrics"]}
        assert last["loss"] == max(found), f"the last point of run {number} is not its last"
    there = call(server, "POST", "/runs/search", {"experiment_ids": ["0"], "filter": "tags.step LIKE '%'", "max_results": 50000})["runs"]
    ids = {run["info"]["run_id"] for run in there}
    assert made <= ids, f"{len(made - ids)} created runs were lost"
    for run in there:
        tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        assert tags["mlflow.runName"] == f"made {tags['step']}" == run["info"]["run_name"], "a created run is torn"
    subprocess.run([gyre, "audit", "verify"], cwd=folder, env=server.env, check=True, stdout=subprocess.DEVNULL)
    server.kill()
    print(f"ok {options.rounds} kills, {answered} answered writes of 16 clients: all there, once, whole; the audit log verifies")


with tempfile.TemporaryDirectory(prefix="gyre-track-faults-") as folder:
    main(pathlib.Path(folder))
