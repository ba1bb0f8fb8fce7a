import http.client
import os
import tempfile
import urllib.parse

import mlflow
import requests

from checks._common import ask, bad, client, fresh, url


def check_runs():
    with mlflow.start_run(experiment_id=client.create_experiment(fresh("files"))) as run:
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"a": [1, 2]}, "notes/größe & co.json")
        with tempfile.NamedTemporaryFile() as file:
            file.write(os.urandom(3_000_000))
            file.flush()
            mlflow.log_artifact(file.name, "big")
            copy = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="big/" + os.path.basename(file.name))
            assert open(copy, "rb").read() == open(file.name, "rb").read()
    id = run.info.run_id
    assert [f.path for f in client.list_artifacts(id)] == ["big", "notes"]
    assert "Invalid path" == bad("GET", "artifacts/list", run_id=id, path="../path")
    assert [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(id, "notes")][1] == ("notes/hello.txt", False, 5)
    assert mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/hello.txt") == "hello"
    assert mlflow.artifacts.load_dict(run.info.artifact_uri + "/notes/größe & co.json") == {"a": [1, 2]}
    with tempfile.TemporaryDirectory() as folder:
        assert sorted(os.listdir(client.download_artifacts(id, "", folder)))[-1] == "notes"
    answer = requests.get(url + "/get-artifact", params={"run_id": id, "path": "notes/hello.txt"}, timeout=20)
    assert answer.text == "hello" and "attachment" in answer.headers["Content-Disposition"]
    for name, kind in (("a.txt", "text/plain"), ("b.pkl", "application/octet-stream"), ("c.png", "image/png"), ("d.pdf", "application/pdf"), ("MLmodel", "text/plain")):
        client.log_text(id, "x", "kinds/" + name)
        answer = requests.get(url + "/get-artifact", params={"run_id": id, "path": "kinds/" + name}, timeout=20)
        assert answer.headers["Content-Type"].split(";")[0] == kind and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == "attachment; filename=" + name
    part = requests.get(f"{url}/get-artifact", params={"run_uuid": id, "path": "notes/hello.txt"}, headers={"Range": "bytes=1-2"}, timeout=20)
    assert part.text in ("el", "hello")
    for path in ("../x", "/etc/passwd", "notes/../../x", "%2e%2e/x"):
        assert requests.get(url + "/get-artifact", params={"run_id": id, "path": path}, timeout=20).status_code == 400
        bad("GET", "artifacts/list", run_id=id, path=path)
    bad("GET", "artifacts/list")


def check_uploads_of_a_browser():
    run = client.create_run("0").info.run_id
    post = lambda body, **query: requests.post(url + "/ajax-api/2.0/mlflow/upload-artifact", data=body, params=query, timeout=20).status_code
    assert post(b"x,y\n1,2\n", run_uuid=run, path="table/a.csv") == 200
    assert [f.path for f in client.list_artifacts(run, "table")] == ["table/a.csv"]
    assert post(b"x", run_uuid=run) == post(b"x", path="a") == post(b"", run_uuid=run, path="a") == post(b"x", run_uuid=run, path="../a") == 400
    assert post(b"x" * (10 * 1024 * 1024 + 1), run_uuid=run, path="a") == 400


def check_proxied_paths():
    root = "/api/2.0/mlflow-artifacts/artifacts/" + fresh("proxied")
    put = lambda path, body=b"1": requests.put(url + root + path, data=body, timeout=20).status_code
    assert put("/a/b.txt") == 200 and put("/a/c/d.txt", b"22") == 200
    status, answer = ask("GET", "/api/2.0/mlflow-artifacts/artifacts", path=root.rsplit("/", 1)[1] + "/a")
    assert status == 200 and sorted((f["path"], f["is_dir"]) for f in answer["files"]) == [("b.txt", False), ("c", True)]
    assert requests.get(url + root + "/a/c/d.txt", timeout=20).content == b"22"
    assert requests.delete(url + root + "/a", timeout=20).status_code == 200
    assert requests.get(url + root + "/a/b.txt", timeout=20).status_code in (404, 500)
    for path in ("/%2e%2e/%2e%2e/x", "/%252e%252e/x", "/a/..%2f..%2fx"):
        raw = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=20)  # requests would tidy the path up
        raw.request("PUT", root + path, b"1")
        assert raw.getresponse().status in (400, 404, 405), path


def check_parts():
    """MLflow's own server on a folder refuses parts, and its client sends the file whole."""
    os.environ |= {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true", "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "1", "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "1000000"}
    try:
        run = client.create_run("0").info.run_id
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, "größe & co.bin")
            with open(name, "wb") as file:
                file.write(os.urandom(12_345_678))
            client.log_artifact(run, name, "in parts")
            with open(client.download_artifacts(run, "in parts/größe & co.bin", folder), "rb") as back, open(name, "rb") as file:
                assert back.read() == file.read()
    finally:
        for name in [name for name in os.environ if "MULTIPART_UPLOAD" in name]:
            del os.environ[name]
    base, path = "/api/2.0/mlflow-artifacts/mpu/", fresh("parts")
    status, made = ask("POST", base + "create/" + path, {"path": "/home/me/x.bin", "num_parts": 2})
    if status == 501:
        assert made["error_code"] == "NOT_IMPLEMENTED"
        return
    upload = {"path": "x.bin", "upload_id": made["upload_id"]}
    tags = [requests.put(part["url"], data=data, headers=part["headers"], timeout=20).headers["ETag"] for part, data in zip(made["credentials"], (b"one ", b"two"))]
    get = lambda: requests.get(f"{url}/api/2.0/mlflow-artifacts/artifacts/{path}/x.bin", timeout=20)
    parts = [{"part_number": number, "etag": tag, "url": ""} for number, tag in ((2, tags[1]), (1, tags[0]))]
    for wrong in (parts[:1], [], [parts[1] | {"etag": "../../x"}], [parts[1], parts[0] | {"etag": tags[0]}]):
        assert ask("POST", base + "complete/" + path, upload | {"parts": wrong})[0] == 400, wrong
        assert get().status_code == 404
    assert ask("POST", base + "complete/another", upload | {"parts": parts})[0] == 404
    assert ask("POST", base + "complete/" + path, upload | {"parts": parts})[0] == 200
    assert get().content == b"one two"
    assert ask("POST", base + "complete/" + path, upload | {"parts": parts})[0] == 404, "it is over"
    _, made = ask("POST", base + "create/" + path, {"path": "y.bin", "num_parts": 1})
    stop = {"path": "y.bin", "upload_id": made["upload_id"]}
    assert ask("POST", base + "abort/" + path, stop)[0] == 200
    assert requests.put(made["credentials"][0]["url"], data=b"x", timeout=20).status_code == 404
    for body in ({"path": "x", "num_parts": 0}, {"path": "x", "num_parts": 10_001}, {"path": "..", "num_parts": 1}, {"num_parts": 1}):
        assert ask("POST", base + "create/" + path, body)[0] == 400, body
