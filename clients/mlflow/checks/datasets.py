"""Evaluation data sets: the one part of MLflow's API 3.0 that is spoken."""
import mlflow

from checks._common import ask, bad, client, fresh, refused


def check_data_sets():
    experiment, other = client.create_experiment(fresh("eval")), client.create_experiment(fresh("eval"))
    made = client.create_dataset(fresh("answers"), experiment_id=experiment, tags={"kind": "test", "mlflow.user": "ann"})
    assert made.dataset_id and made.tags["kind"] == "test" and made.created_by == "ann"
    got = client.get_dataset(made.dataset_id)
    assert (got.name, got.digest, got.experiment_ids) == (made.name, made.digest, [experiment])
    client.set_dataset_tags(made.dataset_id, {"kind": "new", "more": "1"})
    client.delete_dataset_tag(made.dataset_id, "more")
    assert client.get_dataset(made.dataset_id).tags["kind"] == "new"
    assert sorted(client.add_dataset_to_experiments(made.dataset_id, [other]).experiment_ids) == sorted([experiment, other])
    assert client.remove_dataset_from_experiments(made.dataset_id, [experiment]).experiment_ids == [other]
    refused(lambda: client.add_dataset_to_experiments(made.dataset_id, ["987654321"]), "RESOURCE_DOES_NOT_EXIST")
    refused(lambda: client.get_dataset("d-" + "0" * 32), "RESOURCE_DOES_NOT_EXIST")
    client.delete_dataset(made.dataset_id)
    refused(lambda: client.get_dataset(made.dataset_id), "RESOURCE_DOES_NOT_EXIST")
    bad("POST", "/api/3.0/mlflow/datasets/create", {})


def check_records():
    made = client.create_dataset(fresh("records"), experiment_id="0")
    made.merge_records([{"inputs": {"question": f"q{i}", "n": i}, "expectations": {"answer": f"a{i}"}} for i in range(5)])
    made.merge_records([{"inputs": {"question": "q1", "n": 1}, "expectations": {"more": True}, "tags": {"seen": "1"}}])
    got = client.get_dataset(made.dataset_id)
    rows = sorted(got.to_df().to_dict("records"), key=lambda row: row["inputs"]["n"])
    assert len(rows) == 5 and rows[0]["inputs"] == {"question": "q0", "n": 0} and rows[1]["expectations"] == {"answer": "a1", "more": True}
    assert got.profile and '"num_records": 5' in got.profile.replace('":5', '": 5') and '"integer"' in got.schema
    path = f"/api/3.0/mlflow/datasets/{made.dataset_id}/records"
    status, answer = ask("POST", path, {"records": '[{"inputs": {"question": "q0", "n": 0}}, {"inputs": {"question": "new"}}]'})
    assert status == 200 and (answer["inserted_count"], answer["updated_count"]) == (1, 1)
    assert ask("DELETE", path, {"dataset_record_ids": [rows[0]["dataset_record_id"], "dr-none"]})[1]["deleted_count"] == 1
    bad("POST", path, {})


def check_searches():
    experiment, prefix = client.create_experiment(fresh("eval")), fresh("find")
    for i in range(3):
        client.create_dataset(f"{prefix}-{i}", experiment_id=experiment, tags={"i": str(i)})
    find = lambda text=None, **more: [d.name[-1] for d in client.search_datasets([experiment], filter_string=text, **more)]
    assert sorted(find()) == ["0", "1", "2"] and find(order_by=["name DESC"]) == ["2", "1", "0"]
    assert find(f"name = '{prefix}-1'") == find("tags.i = '1'") == ["1"] and len(find(f"name LIKE '{prefix}%'")) == 3
    page = client.search_datasets([experiment], max_results=2, order_by=["name"])
    assert len(page) == 2 and [d.name[-1] for d in client.search_datasets([experiment], max_results=2, order_by=["name"], page_token=page.token)] == ["2"]
    for wrong in ("color = 'a'", "metrics.a > 1"):
        refused(lambda: find(wrong), what=wrong)
