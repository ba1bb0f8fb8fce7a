"""What MLflow logs by itself around scikit-learn, XGBoost and LightGBM, and models of a flavour loaded again."""
import json
import os
import subprocess

import mlflow
import numpy
import requests

from checks._common import client, fresh

rows = numpy.random.default_rng(1).normal(size=(80, 4))
labels = (rows.sum(axis=1) > 0).astype(int)


def autologged(train, enable):
    mlflow.set_experiment(fresh("autolog"))
    enable()
    try:
        with mlflow.start_run() as run:
            train()
    finally:
        mlflow.autolog(disable=True)
    return client.get_run(run.info.run_id)


def model_of(run):
    assert len(run.outputs.model_outputs) == 1
    model = client.get_logged_model(run.outputs.model_outputs[0].model_id)
    assert model.status == "READY" and model.source_run_id == run.info.run_id
    assert "MLmodel" in [f.path for f in client.list_logged_model_artifacts(model.model_id)]
    return model


def check_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    run = autologged(lambda: LogisticRegression(max_iter=50).fit(rows, labels), mlflow.sklearn.autolog)
    assert run.data.params["max_iter"] == "50" and run.data.metrics["training_accuracy_score"] > 0.9
    assert run.data.tags["estimator_name"] == "LogisticRegression" and run.inputs.dataset_inputs
    again = mlflow.pyfunc.load_model(f"models:/{model_of(run).model_id}")
    assert (again.predict(rows) == labels).mean() > 0.9


def check_xgboost():
    import xgboost

    train = lambda: xgboost.train({"max_depth": 2, "objective": "binary:logistic"}, xgboost.DMatrix(rows, labels), 5, evals=[(xgboost.DMatrix(rows, labels), "train")])
    run = autologged(train, mlflow.xgboost.autolog)
    assert run.data.params["max_depth"] == "2" and len(client.get_metric_history(run.info.run_id, "train-logloss")) == 5
    assert mlflow.xgboost.load_model(f"models:/{model_of(run).model_id}").num_boosted_rounds() == 5


def check_lightgbm():
    import lightgbm

    data = lightgbm.Dataset(rows, labels)
    run = autologged(lambda: lightgbm.train({"num_leaves": 4, "verbose": -1, "objective": "binary"}, data, 5, valid_sets=[data]), mlflow.lightgbm.autolog)
    assert run.data.params["num_leaves"] == "4" and len(client.get_metric_history(run.info.run_id, "training-binary_logloss")) == 5
    assert "feature_importance_split.json" in [f.path for f in client.list_artifacts(run.info.run_id)]
    assert mlflow.lightgbm.load_model(f"models:/{model_of(run).model_id}").num_trees() == 5


def served(reference, questions):
    """The labels that `gyre serve` gives for a registered model, asked by its REST."""
    server = subprocess.Popen([os.environ["GYRE_PROGRAM"], "serve", reference, "--port", "0", "--grpc-port", "0", "--json"], stdout=subprocess.PIPE, text=True)
    try:
        url = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")["url"]
        model = requests.post(url + "/v2/repository/index", json={}, timeout=20).json()[0]["name"]
        about = requests.get(f"{url}/v2/models/{model}", timeout=20).json()
        asked = {"name": about["inputs"][0]["name"], "shape": list(questions.shape), "datatype": "FP32", "data": questions.ravel().tolist()}
        answer = requests.post(f"{url}/v2/models/{model}/infer", json={"inputs": [asked]}, timeout=20).json()
        return next(output["data"] for output in answer["outputs"] if output["name"] == "label")
    finally:
        server.terminate()
        server.wait()


def check_onnx():
    from skl2onnx import to_onnx
    from sklearn.tree import DecisionTreeClassifier

    name = fresh("tree")
    graph = to_onnx(DecisionTreeClassifier(max_depth=3).fit(rows, labels), rows[:1].astype(numpy.float32), options={"zipmap": False})
    mlflow.set_experiment(fresh("onnx"))
    with mlflow.start_run() as run:
        signature = mlflow.models.infer_signature(rows.astype(numpy.float32))
        logged = mlflow.onnx.log_model(graph, name="tree", registered_model_name=name, signature=signature, pip_requirements=["onnxruntime"])
    version = client.get_model_version(name, "1")
    assert version.status == "READY" and version.run_id == run.info.run_id
    client.set_registered_model_alias(name, "champion", "1")
    again = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    answers = again.predict(rows.astype(numpy.float32))
    assert (answers["label"] == labels).mean() > 0.8
    assert mlflow.onnx.load_model(f"models:/{name}/1").graph.node == graph.graph.node
    if "GYRE_PROGRAM" in os.environ:
        assert served(name + "@champion", rows[:5].astype(numpy.float32)) == [int(label) for label in answers["label"][:5]]
    assert json.loads(client.get_logged_model(logged.model_id).tags["mlflow.modelVersions"])[0]["name"] == name
