"""Fills a store with what people log, by stock MLflow. usage: make.py URI RUNS"""
import math, sys
import mlflow
from mlflow import MlflowClient

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_registry_uri(sys.argv[1])
client = MlflowClient()
mlflow.set_experiment("bottles")
client.set_experiment_tag(mlflow.get_experiment_by_name("bottles").experiment_id, "line", "3")
for i in range(int(sys.argv[2])):
    with mlflow.start_run(run_name=f"run {i}", tags={"kind": "größer", "n": str(i)}) as run:
        mlflow.log_params({"rate": 0.1, "net/depth": i})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"odd": math.nan, "far": math.inf})
        mlflow.log_text(f"notes {i}", "notes/a b.txt")
        mlflow.log_text("hidden", ".hidden")
        if i == 0:
            mlflow.log_text("x" * 200_000, "model/weights.bin")
            first = run.info.run_id
client.delete_run(run.info.run_id)
logged = mlflow.initialize_logged_model(name="net", source_run_id=first, params={"a": "1"}, tags={"t": "u"})
mlflow.finalize_logged_model(logged.model_id, "READY")
client.create_registered_model("bottle", tags={"team": "a"}, description="what it's for: \"bottles\"")
client.create_model_version("bottle", f"runs:/{first}/model", first, description="one", tags={"v": "1"})
client.create_model_version("bottle", f"runs:/{first}/model", first)
client.set_registered_model_alias("bottle", "champion", 1)
gone = client.create_experiment("gone")
client.delete_experiment(gone)
