import time

from checks._common import ask, bad, client, fresh, refused


def check_models_and_versions():
    name, run = fresh("bottle"), client.create_run("0")
    client.create_registered_model(name, tags={"line": "1"}, description="caps")
    refused(lambda: client.create_registered_model(name), "RESOURCE_ALREADY_EXISTS")
    for i in range(3):
        made = client.create_model_version(name, f"s3://bucket/{i}", run.info.run_id, tags={"i": str(i)}, description=f"number {i}")
        assert int(made.version) == i + 1 and made.description == f"number {i}" and made.status == "READY"
    client.set_registered_model_alias(name, "champion", "2")
    assert int(client.get_model_version_by_alias(name, "champion").version) == 2
    client.set_model_version_tag(name, "2", "k", "v")
    version = client.get_model_version(name, "2")
    assert version.tags == {"i": "1", "k": "v"} and version.aliases == ["champion"]
    client.update_model_version(name, "2", description="good")
    assert client.get_model_version(name, "2").description == "good"
    assert client.get_model_version_download_uri(name, "2") == "s3://bucket/1"
    client.delete_model_version_tag(name, "2", "k")
    client.delete_model_version_tag(name, "2", "k")
    client.set_registered_model_tag(name, "t", "1")
    client.delete_registered_model_tag(name, "line")
    model = client.get_registered_model(name)
    assert {k: int(v) for k, v in model.aliases.items()} == {"champion": 2} and model.tags == {"t": "1"} and model.description == "caps"
    assert client.update_registered_model(name, "jars").description == "jars"
    flask = fresh("flask")
    client.rename_registered_model(name, flask)
    refused(lambda: client.get_registered_model(name), "RESOURCE_DOES_NOT_EXIST")
    assert len(client.search_model_versions(f"name = '{flask}'")) == 3
    client.delete_registered_model_alias(flask, "champion")
    client.delete_registered_model_alias(flask, "champion")  # gone is gone
    refused(lambda: client.get_model_version_by_alias(flask, "champion"))
    client.delete_model_version(flask, "3")
    refused(lambda: client.get_model_version(flask, "3"), "RESOURCE_DOES_NOT_EXIST")
    client.delete_registered_model(flask)
    refused(lambda: client.get_registered_model(flask), "RESOURCE_DOES_NOT_EXIST")
    refused(lambda: client.delete_registered_model(flask), "RESOURCE_DOES_NOT_EXIST")


def check_stages():
    name = fresh("stages")
    client.create_registered_model(name)
    for i in range(3):
        client.create_model_version(name, f"s3://bucket/{i}")
    client.transition_model_version_stage(name, "1", "staging")
    client.transition_model_version_stage(name, "2", "Production")
    client.transition_model_version_stage(name, "3", "Production", archive_existing_versions=True)
    assert [client.get_model_version(name, str(v)).current_stage for v in (1, 2, 3)] == ["Staging", "Archived", "Production"]
    assert sorted(v.version for v in client.get_latest_versions(name, ["Production", "Staging"])) in (["1", "3"], [1, 3])
    refused(lambda: client.transition_model_version_stage(name, "1", "Best"))
    refused(lambda: client.transition_model_version_stage(name, "9", "Staging"), "RESOURCE_DOES_NOT_EXIST")


def check_words_and_times():
    """Messages that scripts match, and when a model counts as changed."""
    name = fresh("words")
    model = client.create_registered_model(name)
    assert f"Registered Model (name={name}) already exists" in refused(lambda: client.create_registered_model(name), "RESOURCE_ALREADY_EXISTS")
    assert f"Registered Model with name={name}x not found" in refused(lambda: client.get_registered_model(name + "x"), "RESOURCE_DOES_NOT_EXIST")
    assert f"Model Version (name={name}, version=4) not found" in refused(lambda: client.delete_model_version(name, "4"), "RESOURCE_DOES_NOT_EXIST")
    assert "Parameter 'version' must be an integer, got 'wrong'." in refused(lambda: client.get_model_version(name, "wrong"))
    updated = lambda: client.get_registered_model(name).last_updated_timestamp
    times = [model.last_updated_timestamp]
    for change in (lambda: client.create_model_version(name, "s3://bucket/1"), lambda: client.transition_model_version_stage(name, "1", "Staging"),
                   lambda: client.delete_model_version(name, "1")):
        time.sleep(0.003)
        change()
        times.append(updated())
    assert times == sorted(set(times)), times
    client.create_model_version(name, "s3://bucket/2")
    before = updated()
    time.sleep(0.003)
    client.update_model_version(name, "2", description="described")
    assert updated() == before


def check_copies():
    name, run = fresh("copies"), client.create_run("0").info
    client.create_registered_model(name)
    client.create_model_version(name, f"runs:/{run.run_id}/model", run.run_id, description="first", tags={"a": "b"})
    client.set_registered_model_alias(name, "champion", "1")
    copy = client.copy_model_version(f"models:/{name}@champion", fresh("copied"))
    got = client.get_model_version(copy.name, copy.version)
    assert (got.source, got.run_id, got.description, got.tags) == (f"models:/{name}/1", run.run_id, "first", {"a": "b"})
    assert client.get_model_version_download_uri(copy.name, copy.version) == f"runs:/{run.run_id}/model"


def check_names():
    for wrong in ("a/b", "a:b", "", "  ", "../a"):
        bad("POST", "registered-models/create", {"name": wrong})
    dotted = fresh("dots. and spaces, größe at home")
    client.create_registered_model(dotted)
    assert client.get_registered_model(dotted).name == dotted
    client.create_model_version(dotted, "s3://bucket/1")
    assert int(client.get_model_version(dotted, "1").version) == 1
    for wrong in ("latest", "v1", "a b", "a/b"):
        refused(lambda: client.set_registered_model_alias(dotted, wrong, "1"))
    refused(lambda: client.set_registered_model_alias(dotted, "best", "7"), "RESOURCE_DOES_NOT_EXIST")
    bad("GET", "model-versions/get", name=dotted, version="one")
    bad("GET", "registered-models/get")


def check_sources():
    """A version's files lie in its run or logged model, or elsewhere than on the server's disk."""
    name, run = fresh("sources"), client.create_run("0")
    client.create_registered_model(name)
    body = lambda source, **more: {"name": name, "source": source, **more}
    for source in ("/etc", "file:///etc", "s3://bucket/../../x", "mlflow-artifacts:/0/other/artifacts", "runs:/other/model"):
        bad("POST", "model-versions/create", body(source, run_id=run.info.run_id))
    status, _ = ask("POST", "model-versions/create", body(run.info.artifact_uri + "/model", run_id=run.info.run_id))
    assert status == 200
    model = client.create_logged_model("0", name="net")
    status, _ = ask("POST", "model-versions/create", body(model.artifact_location, model_id=model.model_id))
    assert status == 200
    assert client.get_logged_model(model.model_id).tags["mlflow.modelVersions"] == f'[{{"name": "{name}", "version": 2}}]'
