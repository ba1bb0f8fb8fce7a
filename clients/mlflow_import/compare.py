"""Two stores say the same, asked by MLflow's own client. usage: compare.py ONE OTHER"""
import math, sys
from mlflow import MlflowClient
from mlflow.entities import ViewType

one, other = (MlflowClient(uri, uri) for uri in sys.argv[1:3])


def same(a, b):
    return a == b or (isinstance(a, float) and isinstance(b, float) and (math.isnan(a) and math.isnan(b) or min(abs(a), abs(b)) > 1e308))


def history(client, run, key):
    return sorted((m.step, m.timestamp, repr(m.value) if math.isnan(m.value) else m.value if abs(m.value) < 1e308 else math.copysign(math.inf, m.value))
                  for m in client.get_metric_history(run, key))


theirs = {e.name: e for e in one.search_experiments(view_type=ViewType.ALL)}
ours = {e.name: e for e in other.search_experiments(view_type=ViewType.ALL)}
assert set(theirs) == set(ours), (set(theirs), set(ours))
runs = files = 0
for name, experiment in theirs.items():
    mine = ours[name]
    assert mine.tags.items() >= experiment.tags.items() and mine.lifecycle_stage == experiment.lifecycle_stage, (experiment, mine)
    for run in one.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000):
        copy = other.get_run(run.info.run_id)
        for field in ("run_name", "status", "start_time", "end_time", "lifecycle_stage", "user_id"):
            assert getattr(run.info, field) == getattr(copy.info, field), (field, run.info, copy.info)
        assert copy.data.params == run.data.params
        assert copy.data.tags.items() >= run.data.tags.items(), (run.data.tags, copy.data.tags)
        assert set(copy.data.metrics) == set(run.data.metrics)
        for key in run.data.metrics:
            assert history(one, run.info.run_id, key) == history(other, run.info.run_id, key), key
        runs += 1

        def walk(client, path=""):
            for file in client.list_artifacts(run.info.run_id, path or None):
                if file.is_dir:
                    yield from walk(client, file.path)
                else:
                    yield file.path, file.file_size

        if run.info.lifecycle_stage == "active":
            there, here = set(walk(one)), set(walk(other))
            assert there == here, (there, here)
            for path, _ in there:
                assert open(one.download_artifacts(run.info.run_id, path), "rb").read() == open(other.download_artifacts(run.info.run_id, path), "rb").read()
                files += 1
    models = one.search_logged_models([experiment.experiment_id]) if experiment.lifecycle_stage == "active" else []
    for model in models:
        copy = other.get_logged_model(model.model_id)
        assert (copy.name, copy.status, copy.params, copy.source_run_id) == (model.name, model.status, model.params, model.source_run_id), (model, copy)
        assert copy.tags.items() >= model.tags.items()
for model in one.search_registered_models():
    copy = other.get_registered_model(model.name)
    assert (copy.description or "") == (model.description or "") and copy.tags == model.tags and {a: int(v) for a, v in copy.aliases.items()} == {a: int(v) for a, v in model.aliases.items()}, (model, copy)
    for version in one.search_model_versions(f"name = '{model.name}'"):
        mine = other.get_model_version(model.name, version.version)
        assert (mine.run_id, mine.description or "", mine.tags, mine.source, mine.creation_timestamp) == (
            version.run_id, version.description or "", version.tags, version.source, version.creation_timestamp), (version, mine)
print(f"{runs} runs, {files} files")
