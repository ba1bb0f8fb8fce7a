import math
import time

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType

from checks._common import ask, bad, client, fresh, refused


def check_fluent():
    mlflow.set_experiment(fresh("client"))
    with mlflow.start_run(run_name="first", tags={"kind": "check"}) as run:
        mlflow.log_params({"rate": 0.1, "net": "small"})
        for step in range(20):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"accuracy": 0.9, "odd": math.nan})
        mlflow.set_tag("note", "größer")
    got = mlflow.get_run(run.info.run_id)
    assert got.info.status == "FINISHED" and got.info.run_name == "first"
    assert got.data.params == {"rate": "0.1", "net": "small"}
    assert got.data.metrics["loss"] == 0.05 and math.isnan(got.data.metrics["odd"])
    assert got.data.tags["note"] == "größer" and got.data.tags["kind"] == "check"
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [m.step for m in history] == list(range(20))
    try:
        with mlflow.start_run() as failed:
            raise ValueError
    except ValueError:
        assert mlflow.get_run(failed.info.run_id).info.status == "FAILED"


def check_nested_runs():
    mlflow.set_experiment(fresh("nested"))
    with mlflow.start_run() as parent:
        with mlflow.start_run(nested=True) as child:
            mlflow.log_param("a", 1)
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    frame = mlflow.search_runs(filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    assert list(frame.run_id) == [child.info.run_id]


def check_batches():
    experiment = client.create_experiment(fresh("batches"), tags={"a": "b"})
    assert client.get_experiment(experiment).tags["a"] == "b"
    name = client.get_experiment(experiment).name
    refused(lambda: client.create_experiment(name), "RESOURCE_ALREADY_EXISTS")
    run = client.create_run(experiment).info.run_id
    now = int(time.time() * 1000)
    client.log_batch(run, [Metric("m", i, now, i) for i in range(1000)], [Param("p", "1")], [RunTag("t", "2")])
    assert len(client.get_metric_history(run, "m")) == 1000
    refused(lambda: client.log_param(run, "p", "2"))
    refused(lambda: client.get_run("0" * 32), "RESOURCE_DOES_NOT_EXIST")
    refused(lambda: client.log_batch(run, params=[Param("a", "1"), Param("p", "9")]))
    assert "a" not in client.get_run(run).data.params
    bad("POST", "runs/log-batch", {"run_id": run, "metrics": [{"key": "m", "value": 1, "timestamp": 1}] * 1001})
    bad("POST", "runs/log-batch", {"run_id": run, "params": [{"key": f"p{i}", "value": "1"} for i in range(101)]})
    bad("POST", "runs/log-batch", {"run_id": run, "params": [{"key": "d", "value": "1"}, {"key": "d", "value": "2"}]})
    for entry in ({"value": 1, "timestamp": 1}, {"key": "k", "timestamp": 1}, {"key": "k", "value": 1}):
        assert "metrics[0]." in bad("POST", "runs/log-batch", {"run_id": run, "metrics": [entry]})
    client.delete_tag(run, "t")
    refused(lambda: client.delete_tag(run, "t"), "RESOURCE_DOES_NOT_EXIST")


def check_long_values_are_cut():
    run = client.create_run("0").info.run_id
    status, _ = ask("POST", "runs/log-parameter", {"run_id": run, "key": "long", "value": "ä" * 7000})
    assert status == 200 and client.get_run(run).data.params["long"] == "ä" * 6000
    status, _ = ask("POST", "runs/set-tag", {"run_id": run, "key": "long", "value": "x" * 9000})
    assert status == 200 and len(client.get_run(run).data.tags["long"]) == 8000
    bad("POST", "runs/log-parameter", {"run_id": run, "key": "k" * 251, "value": "1"})


def check_lifecycle():
    experiment = client.create_experiment(fresh("life"))
    run = client.create_run(experiment).info.run_id
    client.delete_run(run)
    assert client.search_runs([experiment]) == []
    assert len(client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)) == 1
    refused(lambda: client.log_metric(run, "a", 1))
    client.restore_run(run)
    renamed = fresh("renamed")
    client.rename_experiment(experiment, renamed)
    client.delete_experiment(experiment)
    assert client.get_experiment(experiment).lifecycle_stage == "deleted"
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    refused(lambda: client.create_run(experiment))
    client.restore_experiment(experiment)
    assert client.get_run(run).info.lifecycle_stage == "active"
    client.set_terminated(run, "KILLED", end_time=5)
    assert client.get_run(run).info.status == "KILLED" and client.get_run(run).info.end_time == 5
    client.update_run(run, "RUNNING", "another")
    assert client.get_run(run).info.run_name == "another" and client.get_run(run).data.tags["mlflow.runName"] == "another"


def check_enumerations_by_number():
    """Protobuf's JSON takes them by name and by number."""
    experiment = client.create_experiment(fresh("numbers"))
    run = client.create_run(experiment).info.run_id
    assert ask("POST", "runs/update", {"run_id": run, "status": 3})[1]["run_info"]["status"] == "FINISHED"
    client.delete_run(run)
    found = lambda view: len(ask("POST", "runs/search", {"experiment_ids": [experiment], "run_view_type": view})[1].get("runs", []))
    assert [found(view) for view in (1, 2, 3, "ACTIVE_ONLY", "DELETED_ONLY", "ALL")] == [0, 1, 1, 0, 1, 1]


def check_whole_numbers_in_any_form():
    """As Java's client writes them, as texts, and as R's does, with a point."""
    run = client.create_run("0").info.run_id
    for i, (at, step) in enumerate((("1795247945683", "0"), (1795247945684.0, 1.0), (1795247945685, 2))):
        assert ask("POST", "runs/log-metric", {"run_id": run, "run_uuid": run, "key": "m", "value": str(i), "timestamp": at, "step": step})[0] == 200
    assert [(m.value, m.timestamp, m.step) for m in client.get_metric_history(run, "m")] == [(i, 1795247945683 + i, i) for i in range(3)]
    assert ask("POST", "runs/search", {"experiment_ids": ["0"], "max_results": 5.0})[0] == 200


def check_experiment_tags():
    experiment = client.create_experiment(fresh("tags"))
    client.set_experiment_tag(experiment, "a", "1")
    client.set_experiment_tag(experiment, "a", "line\nbreak")
    assert client.get_experiment(experiment).tags["a"] == "line\nbreak"
    client.delete_experiment_tag(experiment, "a")
    assert "a" not in client.get_experiment(experiment).tags
    refused(lambda: client.set_experiment_tag(experiment, "a", "x" * 20001))
    refused(lambda: client.get_experiment("123456789"), "RESOURCE_DOES_NOT_EXIST")
    assert client.get_experiment_by_name(fresh("none")) is None


def check_history_pages():
    run = client.create_run("0").info.run_id
    for i in range(10):
        client.log_metric(run, "m", i, timestamp=100 - i, step=i)
    path = "metrics/get-history"
    got, seen, token = 200, [], None
    while True:
        query = {"run_id": run, "metric_key": "m", "max_results": 4, **({"page_token": token} if token else {})}
        got, answer = ask("GET", path, **query)
        assert got == 200 and len(answer["metrics"]) <= 4
        seen += [m["step"] for m in answer["metrics"]]
        token = answer.get("next_page_token")
        if not token:
            break
    assert seen == list(range(9, -1, -1))  # by time
    _, whole = ask("GET", path, run_id=run, metric_key="m")
    assert len(whole["metrics"]) == 10 and "next_page_token" not in whole
    bad("GET", path, run_id=run, metric_key="m", max_results=0)
    bad("GET", path, run_id=run)
    assert client.get_metric_history(run, "none") == []


def check_histories_of_several_runs():
    experiment = client.create_experiment(fresh("bulk"))
    runs = [client.create_run(experiment).info.run_id for _ in range(2)]
    for run in runs:
        client.log_batch(run, [Metric("m", i * i, i, i) for i in range(300)])
    bulk = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
    status, answer = ask("GET", bulk, run_id=runs, metric_key="m", max_results=450)
    assert status == 200 and len(answer["metrics"]) == 450
    assert [m["run_id"] for m in answer["metrics"][:300]] == [min(runs)] * 300
    for query in ({"metric_key": "m"}, {"run_id": runs}, {"run_id": ["r"] * 101, "metric_key": "m"}):
        bad("GET", bulk, **query)
    assert ask("GET", bulk, run_id=["0" * 32, runs[0]], metric_key="m")[1]["metrics"][0]["run_id"] == runs[0]
    status, answer = ask("GET", bulk + "-interval", run_ids=runs, metric_key="m", max_results=20)
    for run in runs:
        steps = [m["step"] for m in answer["metrics"] if m["run_id"] == run]
        assert status == 200 and len(steps) <= 20 and steps[0] == 0 and steps[-1] == 299 and steps == sorted(steps)
    status, answer = ask("GET", bulk + "-interval", run_ids=runs[0], metric_key="m", start_step=5, end_step=9)
    assert [m["step"] for m in answer["metrics"]] == [5, 6, 7, 8, 9]
    for query in ({"max_results": 0}, {"max_results": 2501}, {"start_step": 1}, {"start_step": 9, "end_step": 5}, {"run_ids": ["r"] * 101},
                  {"max_results": "many"}):
        bad("GET", bulk + "-interval", **{"run_ids": runs, "metric_key": "m", **query})


def check_bad_requests():
    run = client.create_run("0").info.run_id
    metric = {"run_id": run, "key": "m", "value": 1, "timestamp": 1}
    assert ask("POST", "runs/log-metric", metric)[0] == 200
    assert "Invalid value 31 for parameter 'key'" in bad("POST", "runs/log-metric", {**metric, "key": 31})
    assert "Invalid value \"foo\" for parameter 'step'" in bad("POST", "runs/log-metric", {**metric, "step": "foo"})
    assert "Invalid value \"foo\" for parameter 'tags'" in bad("POST", "runs/log-batch", {"run_id": run, "tags": "foo"})
    assert "Invalid value 41 for parameter 'value'" in bad("POST", "runs/set-tag", {"run_id": run, "key": "k", "value": 41})
    assert "Invalid value 9.0 for parameter 'artifact_location'" in bad("POST", "experiments/create", {"name": fresh("x"), "artifact_location": 9.0})
    for value in ("NaN", "Infinity", "-Infinity", 1e308):
        assert ask("POST", "runs/log-metric", {**metric, "value": value})[0] == 200
    for part in ("run_id", "key", "value", "timestamp"):
        assert part in bad("POST", "runs/log-metric", {k: v for k, v in metric.items() if k != part})
    for change in ({"value": "x"}, {"timestamp": "then"}, {"step": "one"}, {"key": "../a"}, {"key": "a//b"}, {"key": "a\nb"}, {"key": 'q"'}):
        bad("POST", "runs/log-metric", {**metric, **change})
    bad("POST", "runs/log-metric", {**metric, "run_id": "f" * 32}, code="RESOURCE_DOES_NOT_EXIST", status=404)
    bad("POST", "experiments/create", {})
    bad("POST", "experiments/create", {"name": ""})
    bad("GET", "experiments/get")
    bad("POST", "runs/create", {"experiment_id": "987654321"}, code="RESOURCE_DOES_NOT_EXIST", status=404)
