import time

import mlflow
from mlflow.entities import ViewType

from checks._common import ask, bad, client, fresh, refused


def check_runs():
    experiment = client.create_experiment(fresh("searches"))
    ids = {}
    for i in range(12):
        run = client.create_run(experiment, run_name=f"r{i}", tags={"part": "odd" if i % 2 else "even"}, start_time=1000 + i)
        ids[f"r{i}"] = run.info.run_id
        client.log_metric(run.info.run_id, "score", i / 10)
        client.log_metric(run.info.run_id, "my score", i)
        client.log_param(run.info.run_id, "net", "aB"[i % 2])
        if i < 3:
            client.log_param(run.info.run_id, "early", "yes")
        if i != 11:
            client.set_terminated(run.info.run_id)

    def find(text, **more):
        return [r.info.run_name for r in client.search_runs([experiment], text, **more)]

    assert find("metrics.score > 0.9", order_by=["metrics.score ASC"]) == ["r10", "r11"]
    assert find("metrics.score < 0.3 and params.net = 'a'", order_by=["metrics.score DESC"]) == ["r2", "r0"]
    assert find("tags.part LIKE 'od%' and attributes.status = 'FINISHED'", max_results=2, order_by=["metrics.score"]) == ["r1", "r3"]
    assert find("metrics.`my score` >= 10 AND metric.\"my score\" <= 10.5") == ["r10"]
    assert find("params.net LIKE 'b'") == [] and len(find("params.net ILIKE 'b'")) == 6
    assert find("params.early IS NOT NULL", order_by=["start_time ASC"]) == ["r0", "r1", "r2"]
    assert len(find("params.early is null")) == 9 and find("tags.part IS NULL") == []
    assert sorted(find(f"run_id IN ('{ids['r3']}', '{ids['r4']}')")) == ["r3", "r4"]
    assert len(find(f"attributes.run_id NOT IN ('{ids['r3']}')")) == 11
    assert find("attributes.run_name = 'r5'") == find("run_name = 'r5'") == find("`run name` = 'r5'") == ["r5"]
    assert find("attributes.start_time >= 1010", order_by=["attributes.start_time"]) == find("created >= 1010", order_by=["created"]) == ["r10", "r11"]
    assert find("status = 'RUNNING'") == ["r11"] and len(find("status != 'RUNNING'")) == 11
    assert find("metrics.score != 0.5 and params.net = 'B' and tags.part = 'odd'", order_by=["params.net", "metrics.score DESC"]) == ["r11", "r9", "r7", "r3", "r1"]
    assert find("", order_by=["params.early DESC", "start_time ASC"])[:4] == ["r0", "r1", "r2", "r3"]
    assert find("") == [f"r{i}" for i in range(11, -1, -1)]
    first = client.search_runs([experiment], max_results=5, order_by=["metrics.score"])
    second = client.search_runs([experiment], max_results=50, order_by=["metrics.score"], page_token=first.token)
    assert len(first) == 5 and len(second) == 7 and second.token is None
    assert len(mlflow.search_runs([experiment])) == 12
    for wrong in ("score > 1", "metrics.score > 'a'", "metrics.score LIKE 'a'", "params.net = 1", "params.net > 'a'", "tags.part IN ('odd')",
                  "attributes.status > 'a'", "attributes.color = 'red'", "status IN ('FINISHED')", "status IS NULL", "metrics.score IS NULL",
                  "nonsense", "metrics.score >", "metrics.score > 1 or metrics.score < 0", "tag.part = odd", "cats.a = 'b'",
                  "run_id IN ()", "run_id IN (1)", "start_time = 'now'", "metrics.score = 1; DROP TABLE runs", "datasets.color = 'a'", "1 = 1"):
        refused(lambda: find(wrong), what=wrong)
    for wrong in ("nonsense", "metrics.score UP", "attributes.color", "score", "metrics.score ASC DESC"):
        refused(lambda: find("", order_by=[wrong]), what=wrong)
    bad("POST", "runs/search", {"experiment_ids": [experiment], "max_results": 50001})
    bad("POST", "runs/search", {"experiment_ids": [experiment], "page_token": "?"})
    bad("POST", "runs/search", {"experiment_ids": ["abc"]})


def check_runs_by_dataset():
    experiment = client.create_experiment(fresh("datasets"))
    mlflow.set_experiment(experiment_id=experiment)
    import pandas

    def run(name, data, context):
        with mlflow.start_run(run_name=name):
            mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"a": data}), name=name + "-data", source=f"file:///data/{name}"), context)

    run("one", [1, 2], "train")
    run("two", [3, 4], "test")
    find = lambda text: sorted(r.info.run_name for r in client.search_runs([experiment], text))
    assert find("datasets.name = 'one-data'") == ["one"] and find("dataset.context = 'test'") == ["two"]
    assert find("datasets.name LIKE '%data'") == ["one", "two"] and find("datasets.context IN ('train', 'test')") == ["one", "two"]
    got = client.search_runs([experiment], "datasets.name = 'one-data'")[0].inputs.dataset_inputs[0]
    assert got.dataset.source_type == "local" and got.tags[0].value == "train" and '"a"' in got.dataset.schema
    assert find(f"datasets.digest = '{got.dataset.digest}'") == ["one"]
    status, answer = ask("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": [experiment]})
    assert status == 200 and sorted((d["name"], d["context"]) for d in answer["dataset_summaries"]) == [("one-data", "train"), ("two-data", "test")]
    bad("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": []})
    bad("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": ["id"] * 21})


def check_experiments():
    prefix = fresh("find")
    made = {}
    for name in ("a", "b", "C"):
        made[name] = client.create_experiment(f"{prefix}-{name}", tags={"kind": name.lower(), **({"more": "1"} if name == "a" else {})})
        time.sleep(0.002)
    mine = f"name LIKE '{prefix}%'"
    find = lambda text="", **more: [e.name[-1] for e in client.search_experiments(filter_string=mine + text, **more)]
    assert find() == ["C", "b", "a"] and find(order_by=["name"]) == ["C", "a", "b"]
    assert find(" AND tags.kind = 'b'") == ["b"] and find(" AND tag.kind != 'b'", order_by=["creation_time"]) == ["a", "C"]
    assert find(" AND name ILIKE '%c'") == ["C"] and find(" AND tags.more IS NOT NULL") == ["a"]
    assert find(f" AND experiment_id IN ('{made['a']}', '{made['b']}')", order_by=["experiment_id ASC"]) == ["a", "b"]
    assert find(" AND attribute.creation_time > 0", max_results=2) == ["C", "b"]
    client.delete_experiment(made["b"])
    assert find() == ["C", "a"] and find(view_type=ViewType.DELETED_ONLY) == ["b"] and len(find(view_type=ViewType.ALL)) == 3
    page = client.search_experiments(filter_string=mine, max_results=1)
    assert page.token and [e.name[-1] for e in client.search_experiments(filter_string=mine, max_results=1, page_token=page.token)] == ["a"]
    for wrong in ("color = 'a'", "metrics.a > 1", "name > 'a'", "tags.a > 'b'", "name IS NULL", "creation_time = 'a'", "name = a"):
        refused(lambda: client.search_experiments(filter_string=wrong), what=wrong)
    refused(lambda: client.search_experiments(order_by=["color"]))
    for most in (0, 50001):
        refused(lambda: client.search_experiments(max_results=most))


def check_models_and_versions():
    prefix, run = fresh("reg"), client.create_run("0").info.run_id
    for name in ("a", "b"):
        client.create_registered_model(f"{prefix}-{name}", tags={"kind": name})
        for i in range(3):
            client.create_model_version(f"{prefix}-{name}", f"s3://bucket/{name}{i}", run, tags={"i": str(i)})
    mine = f"name LIKE '{prefix}%'"
    models = lambda text="", **more: [m.name[-1] for m in client.search_registered_models(mine + text, **more)]
    assert models() == ["a", "b"] and models(order_by=["name DESC"]) == ["b", "a"] and models(" AND tags.kind = 'b'") == ["b"]
    assert models(order_by=["last_updated_timestamp DESC"]) == ["b", "a"] == models(order_by=["timestamp DESC"])
    page = client.search_registered_models(mine, max_results=1)
    assert page.token and models(max_results=1, page_token=page.token) == ["b"]
    for wrong in ("color = 'a'", "name > 'a'", "tags.kind > 'a'", "run_id = 'x'"):
        refused(lambda: client.search_registered_models(wrong), what=wrong)
    refused(lambda: client.search_registered_models(order_by=["color"]))
    refused(lambda: client.search_registered_models(max_results=1001))
    versions = lambda text, **more: [f"{v.name[-1]}{v.version}" for v in client.search_model_versions(text, **more)]
    assert versions(f"name = '{prefix}-a'", order_by=["version_number ASC"]) == ["a1", "a2", "a3"]
    assert versions(mine, order_by=["version_number DESC"]) == ["a3", "b3", "a2", "b2", "a1", "b1"] and versions(mine, order_by=["name DESC"])[:3] == ["b3", "b2", "b1"]
    assert versions(f"name = '{prefix}-a' AND version_number > 1", order_by=["version_number DESC"]) == ["a3", "a2"]
    assert versions(f"{mine} AND tags.i = '0'", order_by=["name ASC"]) == ["a1", "b1"]
    assert versions(f"run_id = '{run}' AND source_path = 's3://bucket/b2'") == ["b3"] and len(versions(f"run_id IN ('{run}')")) == 6
    for wrong in ("color = 'a'", "name > 'a'", "version_number = 'a'", "source_path IN ('a')", "tags.i IN ('0')"):
        refused(lambda: client.search_model_versions(wrong), what=wrong)
    refused(lambda: client.search_model_versions(max_results=200001))
