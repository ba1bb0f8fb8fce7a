import mlflow
from mlflow.entities import Metric
from mlflow.entities.logged_model_status import LoggedModelStatus

from checks._common import ask, bad, client, fresh, refused, url


def check_states():
    run = client.create_run("0")
    model = client.create_logged_model("0", name="net", source_run_id=run.info.run_id, tags={"a": "b"}, params={"rate": "0.1"}, model_type="torch")
    assert model.status == LoggedModelStatus.PENDING and model.model_type == "torch" and model.source_run_id == run.info.run_id
    assert client.finalize_logged_model(model.model_id, "READY").status == LoggedModelStatus.READY
    client.set_logged_model_tags(model.model_id, {"a": "c", "d": "e"})
    client.delete_logged_model_tag(model.model_id, "d")
    refused(lambda: client.delete_logged_model_tag(model.model_id, "d"), "RESOURCE_DOES_NOT_EXIST")
    client.log_model_params(model.model_id, {"depth": "3"})
    got = client.get_logged_model(model.model_id)
    assert got.tags == {"a": "c"} and got.params == {"rate": "0.1", "depth": "3"}
    client.delete_logged_model(model.model_id)
    refused(lambda: client.get_logged_model(model.model_id), "RESOURCE_DOES_NOT_EXIST")
    refused(lambda: client.create_logged_model("0", name="a/b"))
    assert client.create_logged_model("0").name
    bad("POST", "logged-models", {"name": "x"})


def check_searches():
    experiment = client.create_experiment(fresh("models"))
    run = client.create_run(experiment).info.run_id
    models = [client.create_logged_model(experiment, name=f"m{i}", params={"p": str(i)}, model_type="ab"[i % 2]) for i in range(4)]
    for i, model in enumerate(models):
        client.log_metric(run, "acc", i / 10, model_id=model.model_id, dataset_name="train", dataset_digest="t1")
    client.log_batch(run, [Metric("acc", 0.9, 5, 7, model_id=models[0].model_id, dataset_name="test", dataset_digest="t2")])

    def find(text=None, **more):
        return [m.name for m in client.search_logged_models([experiment], text, **more)]

    assert find() == ["m3", "m2", "m1", "m0"] and find("name = 'm1'") == ["m1"] and find("params.p IN ('1', '2')") == ["m2", "m1"]
    assert find("metrics.acc >= 0.2", order_by=[{"field_name": "metrics.acc", "ascending": True}])[-1] in ("m3", "m0")
    assert find("metrics.acc > 0.5", datasets=[{"dataset_name": "test", "dataset_digest": "t2"}]) == ["m0"]
    assert find(datasets=[{"dataset_name": "test", "dataset_digest": "t2"}]) == ["m0"]
    assert find(order_by=[{"field_name": "metrics.acc", "ascending": False, "dataset_name": "train"}]) == ["m3", "m2", "m1", "m0"]
    assert find("attributes.model_type = 'a' AND creation_timestamp > 0") == ["m2", "m0"] and find("name ILIKE 'M_'", max_results=2) == ["m3", "m2"]
    page = client.search_logged_models([experiment], max_results=3)
    assert len(page) == 3 and [m.name for m in client.search_logged_models([experiment], max_results=3, page_token=page.token)] == ["m0"]
    for wrong in ("name > 'a'", "metrics.acc LIKE 'a'", "cats.a = 'b'", "name = 'a' OR name = 'b'"):
        refused(lambda: find(wrong))
    refused(lambda: find(order_by=[{"field_name": "params.p"}]))
    got = client.get_logged_model(models[0].model_id)
    assert sorted((m.key, m.value, m.dataset_name, m.run_id) for m in got.metrics) == [("acc", 0.0, "train", run), ("acc", 0.9, "test", run)]


def check_runs_know_their_models():
    with mlflow.start_run() as run:
        model = client.create_logged_model("0", name="linked", source_run_id=run.info.run_id)
        client.log_outputs(run.info.run_id, [mlflow.entities.LoggedModelOutput(model.model_id, step=3)])
        client.log_inputs(run.info.run_id, models=[mlflow.entities.LoggedModelInput(model.model_id)])
    got = client.get_run(run.info.run_id)
    assert [(o.model_id, o.step) for o in got.outputs.model_outputs] == [(model.model_id, 3)]
    assert [i.model_id for i in got.inputs.model_inputs] == [model.model_id]


def check_files():
    import tempfile, pathlib
    model = client.create_logged_model("0", name="files")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "sub").mkdir()
        pathlib.Path(folder, "sub", "a.txt").write_text("hello")
        client.log_model_artifacts(model.model_id, folder)
    assert [(f.path, f.is_dir) for f in client.list_logged_model_artifacts(model.model_id)] == [("sub", True)]
    ajax = f"/ajax-api/2.0/mlflow/logged-models/{model.model_id}/artifacts"
    status, answer = ask("GET", ajax + "/directories", artifact_directory_path="sub")
    assert status == 200 and [f["path"] for f in answer["files"]] == ["sub/a.txt"]
    assert ask("GET", ajax + "/files", artifact_file_path="sub/a.txt") == (200, "hello")
    assert ask("GET", ajax + "/files", artifact_file_path="../a.txt")[0] == 400
    assert ask("GET", ajax + "/files")[0] == 400
