#!/usr/bin/env python3
"""Rows in PostgreSQL, a real one: what is refused, who owns them, and what is there after it was killed while sixteen clients logged.

--gone N: seconds that it is away for (4). The other tests, with their rows there: rows_everywhere.py.
"""
import argparse, http.client, json, os, pathlib, signal, subprocess, sys, tempfile, threading, time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from postgres import Postgres, programs
from server import Server, environment, gyre

parser = argparse.ArgumentParser()
parser.add_argument("--gone", type=float, default=4)
options = parser.parse_args()
api = "/api/2.0/mlflow"
build = pathlib.Path(gyre).parent


def fails(folder, *arguments, says):
    done = subprocess.run([gyre, *arguments], cwd=folder, env=environment(), text=True, capture_output=True)
    assert done.returncode != 0 and says in done.stderr, f"gyre {' '.join(arguments)}: {done.returncode} {done.stderr}"


def fresh(folder, name):
    (folder / name).mkdir()
    return folder / name


def refusals(folder, postgres):
    place = fresh(folder, "refusals")
    fails(place, "up", "--rows", "mysql://somewhere", says="is no place for rows")
    fails(place, "up", "--rows", postgres.url + "&schema=Other-One", says="is no name for a schema")
    fails(place, "up", "--rows", f"postgresql:///none?host={postgres.socket}&user=gyre", says="cannot be reached")
    latin = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    postgres.ask(latin)
    fails(place, "up", "--rows", postgres.url.replace("/postgres?", "/latin?"), says="keeps texts as LATIN1")
    print("ok what cannot be is refused in words", flush=True)


def ownership(folder, postgres):
    one, two = fresh(folder, "one"), fresh(folder, "two")
    with Server(one, "--rows", postgres.url) as server:
        assert not (one / ".gyre/gyre.db").exists()
        made = server.ask("POST", api + "/experiments/create", {"name": "kept \\ 'here'"})["experiment_id"]
        fails(two, "up", "--port", "0", "--rows", postgres.url, says=f"another server (gyre {server.process.pid} on")
        # A text with a zero byte is one that PostgreSQL does not keep.
        status, text = server.answer("POST", api + "/experiments/create", {"name": "a\0b"})
        assert status == 400 and b"zero byte" in text, (status, text)
        run = server.ask("POST", api + "/runs/create", {"experiment_id": made})["run"]["info"]["run_id"]
        server.ask("POST", api + "/runs/log-parameter", {"run_id": run, "key": "long", "value": "\N{PILE OF POO}" * 5000})
        for where, count in (("params.long LIKE '%'", 1), ("params.long LIKE 'x%'", 0), ("params.long = 'x'", 0), ("attributes.start_time > 0.5", 1)):
            found = server.ask("POST", api + "/runs/search", {"experiment_ids": [made], "filter": where})
            assert len(found.get("runs", [])) == count, where
        server.kill()
    with Server(one) as server:  # config.json says where
        assert server.ask("GET", api + "/experiments/get?experiment_id=" + made)["experiment"]["name"] == "kept \\ 'here'"
    postgres.ask("INSERT INTO gyre.migration VALUES ('track', 9999, 'of tomorrow', 'x', 0)")
    fails(one, "up", says="written by a newer gyre")
    postgres.ask("DELETE FROM gyre.migration WHERE number = 9999")
    print("ok rows are in PostgreSQL, one server has them, a newer schema is refused", flush=True)


def moving(folder, postgres):
    place, url = fresh(folder, "moving"), postgres.url + "&schema=order"  # a word of SQL
    with Server(place) as server:
        run = server.ask("POST", api + "/runs/create", {"experiment_id": "0", "tags": [{"key": "mlflow.user", "value": "größer"}]})["run"]["info"]["run_id"]
        for step in range(50):
            server.ask("POST", api + "/runs/log-metric", {"run_id": run, "key": "loss", "value": step / 3, "timestamp": 1, "step": step})
        made = server.ask("POST", api + "/experiments/create", {"name": "before"})["experiment_id"]
        curve, whole = f"{api}/metrics/get-history?run_id={run}&metric_key=loss", f"{api}/runs/get?run_id={run}"
        before = server.ask("GET", curve), server.ask("GET", whole)
        # Another workspace's rows are not mixed with these.
        server.stop()
        fails(place, "up", "--rows", postgres.url, says="there are rows already")
    database = (place / ".gyre/gyre.db").read_bytes()
    with Server(place, "--rows", url) as server:
        assert (server.ask("GET", curve), server.ask("GET", whole)) == before
        assert int(server.ask("POST", api + "/experiments/create", {"name": "after"})["experiment_id"]) == int(made) + 1
        assert not (place / ".gyre/gyre.db").exists() and (place / ".gyre/gyre.db.moved").read_bytes()[:16] == database[:16]
        server.kill()
    # Killed between the two: what was brought is not brought again.
    (place / ".gyre/gyre.db.moved").rename(place / ".gyre/gyre.db")
    with Server(place) as server:
        assert (server.ask("GET", curve), server.ask("GET", whole)) == before
    subprocess.run([gyre, "audit", "verify"], cwd=place, env=environment(), check=True, stdout=subprocess.DEVNULL)
    print("ok rows of gyre.db go to PostgreSQL, once and whole", flush=True)


class Client(threading.Thread):
    """Makes runs and logs points, each until it is answered well: 503 says that nothing was written."""

    def __init__(self, server, number, run, ending):
        super().__init__()
        self.server, self.number, self.run_id, self.ending = server, number, run, ending
        self.steps, self.refused, self.wrong, self.longest = [], 0, None, 0

    def ask(self, connection, path, body):
        while True:
            began = time.time()
            connection.request("POST", api + path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            self.longest = max(self.longest, time.time() - began)
            if answer.status == 200:
                return
            assert answer.status == 503, f"{answer.status} {text[:300]}"
            self.refused += 1

    def run(self):
        try:
            connection, step = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60), 0
            while not self.ending.is_set():
                step += 1
                self.ask(connection, "/runs/log-metric", {"run_id": self.run_id, "key": "loss", "value": step, "timestamp": 1, "step": step})
                self.ask(connection, "/runs/create", {"experiment_id": "0", "tags": [{"key": "step", "value": f"{self.number}.{step}"}]})
                self.steps.append(step)
        except Exception as error:
            self.wrong = repr(error)


def away_for_long(folder, postgres):
    """Nobody waits much longer than 10 s, the server goes on answering what needs no rows, and all is well when it is back."""
    with Server(fresh(folder, "away"), "--rows", postgres.url + "&schema=away") as server:
        run = server.ask("POST", api + "/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        took, lock = [], threading.Lock()

        def ask(method, path, body=None):
            began = time.time()
            status, text = server.answer(method, path, body)
            with lock:
                took.append((time.time() - began, status, text))

        def ask_all():
            point = {"run_id": run, "key": "loss", "value": 1, "timestamp": 1, "step": 1}
            threads = [threading.Thread(target=ask, args=("POST", api + "/runs/log-metric", point)) for _ in range(24)]
            threads += [threading.Thread(target=ask, args=("GET", f"{api}/runs/get?run_id={run}")) for _ in range(12)]
            for thread in threads:
                thread.start()
            return threads

        postgres.kill()
        for thread in ask_all():
            thread.join()
        assert {status for _, status, _ in took} == {503}, {text for _, status, text in took if status != 503}
        longest = max(time for time, _, _ in took)
        assert longest < 20, f"{longest:.1f} s of waiting"
        took.clear()
        threads = ask_all()
        began = time.time()
        assert server.answer("GET", "/api/health")[0] == 200
        health = time.time() - began
        for thread in threads:
            thread.join()
        later = max(time for time, _, _ in took)
        assert health < 3 and later < 8, f"health {health:.1f} s, later ones {later:.1f} s"
        postgres.start()
        until = time.time() + 10
        while server.answer("GET", f"{api}/runs/get?run_id={run}")[0] != 200:
            assert time.time() < until, "PostgreSQL is back, and nobody sees it"
            time.sleep(0.1)
        server.ask("POST", api + "/runs/create", {"experiment_id": "0"})
    print(f"ok PostgreSQL away for long: 503 after {longest:.1f} s, later after {later:.1f} s; the server goes on", flush=True)


def stopped(folder, postgres):
    """A PostgreSQL that hangs keeps its connections open and says nothing: it is given up like one that is gone, and health is told at once."""
    with Server(fresh(folder, "stopped"), "--rows", postgres.url + "&schema=stopped") as server:
        made = server.ask("POST", api + "/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        server.ask("POST", api + "/runs/log-parameter", {"run_id": made, "key": "p", "value": "before"})
        search = {"experiment_ids": ["0"], "filter": "params.p = 'before'"}
        seen, health, ending = [], [], threading.Event()

        def ask(method, path, body=None):
            began = time.time()
            status, text = server.answer(method, path, body)
            seen.append((time.time() - began, status, text))

        def ask_health():
            while not ending.is_set():
                began = time.time()
                assert server.answer("GET", "/api/health")[0] == 200 and server.answer("GET", "/health")[0] == 200
                health.append(time.time() - began)
                time.sleep(0.05)

        def all_at_once():
            threads = [threading.Thread(target=ask, args=("POST", api + "/runs/search", search)) for _ in range(30)]
            threads += [threading.Thread(target=ask, args=("POST", api + "/runs/create", {"experiment_id": "0"})) for _ in range(10)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        watcher = threading.Thread(target=ask_health)
        watcher.start()
        postgres.signal(signal.SIGSTOP)
        all_at_once()
        wrong = [(status, text) for _, status, text in seen if status != 503]
        assert not wrong and all(b"PostgreSQL" in text for _, _, text in seen), wrong[:3]
        longest = max(took for took, _, _ in seen)
        assert longest < 25, f"{longest:.1f} s of waiting"
        seen.clear()
        all_at_once()
        later = max(took for took, _, _ in seen)
        assert later < 12, f"later ones {later:.1f} s"
        postgres.signal(signal.SIGCONT)
        until = time.time() + 15
        while server.answer("POST", api + "/runs/search", search)[0] != 200:
            assert time.time() < until, "PostgreSQL goes on, and nobody sees it"
            time.sleep(0.1)
        found = server.ask("POST", api + "/runs/search", search)["runs"]
        assert [run["info"]["run_id"] for run in found] == [made], found
        server.ask("POST", api + "/runs/create", {"experiment_id": "0"})
        ending.set()
        watcher.join()
        assert len(health) > 20 and max(health) < 1, f"health took {max(health):.2f} s"
    print(f"ok PostgreSQL stopped: 503 after {longest:.1f} s, later after {later:.1f} s; health answered in {max(health) * 1000:.0f} ms at most", flush=True)


def gone(folder, postgres):
    place = fresh(folder, "gone")
    with Server(place, "--rows", postgres.url + "&schema=gone") as server:
        runs = [server.ask("POST", api + "/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"] for _ in range(16)]
        ending = threading.Event()
        clients = [Client(server, number, run, ending) for number, run in enumerate(runs)]
        for client in clients:
            client.start()
        time.sleep(1)
        postgres.kill()
        time.sleep(options.gone)
        postgres.start()
        time.sleep(2)
        for _ in range(5):  # in and between commits
            postgres.kill()
            postgres.start()
            time.sleep(0.3)
        postgres.signal(signal.SIGSTOP)
        time.sleep(options.gone)
        postgres.signal(signal.SIGCONT)
        time.sleep(1)
        ending.set()
        for client in clients:
            client.join()
            assert client.wrong is None, client.wrong
        for client in clients:
            points = server.ask("GET", f"{api}/metrics/get-history?run_id={client.run_id}&metric_key=loss")["metrics"]
            assert [point["step"] for point in points] == client.steps, f"points of client {client.number} are not what was answered"
        found = server.ask("POST", api + "/runs/search", {"experiment_ids": ["0"], "filter": "tags.step LIKE '%'", "max_results": 50000})["runs"]
        there = sorted(tag["value"] for run in found for tag in run["data"]["tags"] if tag["key"] == "step")
        made = sorted(f"{client.number}.{step}" for client in clients for step in client.steps)
        assert there == made, f"{len(made)} runs were made, {len(there)} are there: {sorted(set(made) ^ set(there))[:10]}"
        server.stop()
    subprocess.run([gyre, "audit", "verify"], cwd=place, env=environment(), check=True, stdout=subprocess.DEVNULL)
    print(f"ok PostgreSQL killed 6 times and stopped once, away for {options.gone:g} s: {2 * len(made)} writes of 16 clients are there, once;"
          f" {sum(client.refused for client in clients)} answers were 503, the longest took {max(client.longest for client in clients):.1f} s", flush=True)


def main(folder):
    postgres = Postgres(folder / "postgresql")
    try:
        refusals(folder, postgres)
        ownership(folder, postgres)
        moving(folder, postgres)
        away_for_long(folder, postgres)
        stopped(folder, postgres)
        gone(folder, postgres)
        postgres.run_there("unit tests of what keeps rows",
                           [build / "gyre-tests", "-sf=*/store/*,*/track/*,*/server/*,*/fleet/*,*/watch/*,*/pack/*,*/flow/*,*/cli/*"])
    finally:
        postgres.stop()


if not programs():
    print("skipped: no PostgreSQL here: apt-get install --no-install-recommends postgresql")
    sys.exit(0)
with tempfile.TemporaryDirectory(prefix="gyre-rows-", ignore_cleanup_errors=True) as folder:
    main(pathlib.Path(folder))
