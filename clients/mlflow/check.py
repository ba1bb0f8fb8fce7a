"""The real MLflow client against a Gyre server: each check raises when an answer is not what MLflow's own server gives."""
import math
import os
import sys
import tempfile
import time

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # before mlflow is imported
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

url = sys.argv[1]
mlflow.set_tracking_uri(url)
mlflow.set_registry_uri(url)
client = MlflowClient()


def refused(call, code):
    try:
        call()
    except MlflowException as error:
        assert error.error_code == code, error
    else:
        raise AssertionError("this should have been refused")


def fluent_tracking():
    mlflow.set_experiment("client")
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


def batches_and_refusals():
    experiment = client.create_experiment("batches", tags={"a": "b"})
    assert client.get_experiment(experiment).tags["a"] == "b"
    refused(lambda: client.create_experiment("batches"), "RESOURCE_ALREADY_EXISTS")
    run = client.create_run(experiment).info.run_id
    now = int(time.time() * 1000)
    client.log_batch(run, [Metric("m", i, now, i) for i in range(1000)], [Param("p", "1")], [RunTag("t", "2")])
    assert len(client.get_metric_history(run, "m")) == 1000
    refused(lambda: client.log_param(run, "p", "2"), "INVALID_PARAMETER_VALUE")
    refused(lambda: client.get_run("0" * 32), "RESOURCE_DOES_NOT_EXIST")
    refused(lambda: client.log_batch(run, params=[Param("a", "1"), Param("p", "9")]), "INVALID_PARAMETER_VALUE")
    assert "a" not in client.get_run(run).data.params
    client.delete_tag(run, "t")
    refused(lambda: client.delete_tag(run, "t"), "RESOURCE_DOES_NOT_EXIST")
    client.delete_run(run)
    assert client.search_runs([experiment]) == []
    assert len(client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)) == 1
    client.restore_run(run)
    client.rename_experiment(experiment, "renamed")
    client.delete_experiment(experiment)
    assert client.get_experiment(experiment).lifecycle_stage == "deleted"
    client.restore_experiment(experiment)


def searches():
    experiment = client.create_experiment("searches")
    for i in range(12):
        run = client.create_run(experiment, run_name=f"r{i}", tags={"part": "odd" if i % 2 else "even"})
        client.log_metric(run.info.run_id, "score", i / 10)
        client.log_param(run.info.run_id, "net", "ab"[i % 2])
        client.set_terminated(run.info.run_id)
    find = lambda text, **more: [r.info.run_name for r in client.search_runs([experiment], text, **more)]
    assert find("metrics.score > 0.9", order_by=["metrics.score ASC"]) == ["r10", "r11"]
    assert find("metrics.score < 0.3 and params.net = 'a'", order_by=["metrics.score DESC"]) == ["r2", "r0"]
    assert find("tags.part LIKE 'od%' and attributes.status = 'FINISHED'", max_results=2, order_by=["metrics.score"]) == ["r1", "r3"]
    assert find("attributes.run_name IN ('r3', 'r4')", order_by=["attributes.run_name ASC"]) == ["r3", "r4"]
    first = client.search_runs([experiment], max_results=5, order_by=["metrics.score"])
    second = client.search_runs([experiment], max_results=50, order_by=["metrics.score"], page_token=first.token)
    assert len(first) == 5 and len(second) == 7 and second.token is None
    assert [e.name for e in client.search_experiments(filter_string="name = 'searches'")] == ["searches"]
    refused(lambda: find("score > 1"), "INVALID_PARAMETER_VALUE")


def registry():
    client.create_registered_model("bottle", tags={"line": "1"}, description="caps")
    refused(lambda: client.create_registered_model("bottle"), "RESOURCE_ALREADY_EXISTS")
    run = client.create_run("0")
    for i in range(3):
        made = client.create_model_version("bottle", f"s3://bucket/{i}", run.info.run_id, tags={"i": str(i)})
        assert made.version == str(i + 1) or made.version == i + 1
    client.set_registered_model_alias("bottle", "champion", "2")
    assert int(client.get_model_version_by_alias("bottle", "champion").version) == 2
    client.set_model_version_tag("bottle", "2", "k", "v")
    version = client.get_model_version("bottle", "2")
    assert version.tags == {"i": "1", "k": "v"} and version.aliases == ["champion"]
    client.update_model_version("bottle", "2", description="good")
    client.transition_model_version_stage("bottle", "1", "Staging")
    client.delete_model_version_tag("bottle", "2", "k")
    assert len(client.search_model_versions("name = 'bottle'")) == 3
    assert [m.name for m in client.search_registered_models("name LIKE 'bot%'")] == ["bottle"]
    model = client.get_registered_model("bottle")
    assert model.aliases == {"champion": "2"} or {k: int(v) for k, v in model.aliases.items()} == {"champion": 2}
    client.rename_registered_model("bottle", "flask")
    client.delete_registered_model_alias("flask", "champion")
    client.delete_model_version("flask", "3")
    client.delete_registered_model("flask")
    refused(lambda: client.get_registered_model("flask"), "RESOURCE_DOES_NOT_EXIST")


def artifacts():
    with mlflow.start_run() as run:
        mlflow.log_text("hello", "notes/hello.txt")
        with tempfile.NamedTemporaryFile() as file:
            file.write(os.urandom(3_000_000))
            file.flush()
            mlflow.log_artifact(file.name, "big")
            copy = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="big/" + os.path.basename(file.name))
            assert open(copy, "rb").read() == open(file.name, "rb").read()
    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["big", "notes"]
    assert [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run.info.run_id, "notes")] == [("notes/hello.txt", False, 5)]
    assert mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/hello.txt") == "hello"


failed = 0
for check in (fluent_tracking, batches_and_refusals, searches, registry, artifacts):
    try:
        check()
        print(f"ok {check.__name__}", flush=True)
    except Exception as error:  # each check is its own: the others are still worth knowing
        failed += 1
        print(f"FAILED {check.__name__}: {type(error).__name__}: {error}", flush=True)
        if "-v" in sys.argv:
            import traceback
            traceback.print_exc()
sys.exit(failed > 0)
