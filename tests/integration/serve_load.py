#!/usr/bin/env python3
"""From the registry to what answers: aliases, versions and labels, digests that must match, 8-bit variants."""
import hashlib, json, pathlib, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from serve_site import Serve, build, environment, grpc_call, field
from server import Server


def gyre(*words, code=0):
    done = subprocess.run([build / "gyre", *map(str, words)], cwd=work, env=environment | {"HOME": str(work)}, text=True, capture_output=True)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def level(scale):
    file = work / f"level-{scale}.onnx"
    subprocess.run([build / "gyre-tiny-model", "level", file, str(scale)], check=True)
    return file


def score(site, path="/v2/models/level"):
    """The scale of the model that answers."""
    body = {"inputs": [{"name": "series", "shape": [1, 4, 2], "datatype": "FP32", "data": [1] * 8}]}
    status, _, answer = site.ask("POST", f"{path}/infer", body)
    assert status == 200, answer
    return answer["outputs"][0]["data"][0]


def check_aliases():
    with Serve("level@champion", work=work) as site:
        assert site.ask("GET", "/v2/models/level")[2]["versions"] == ["1"] and score(site) == 1
        properties = site.ask("GET", "/v2/models/level")[2]["properties"]
        assert properties == {"digest": digests[1], "label.champion": "1"}, properties
        assert digests[1].encode() in grpc_call(site.grpc, "inference.GRPCInferenceService/ModelMetadata", field(1, b"level"))[2]
        gyre("model", "alias", "level", "champion", "2")
        assert score(site) == 1  # nothing changes by itself
        assert site.ask("POST", "/v2/repository/models/level/load", b"")[0] == 200
        assert site.ask("GET", "/v2/models/level")[2]["versions"] == ["2"] and score(site) == 2
        assert score(site, "/v2/models/level/versions/champion") == 2
        assert site.ask("POST", "/v2/models/level/versions/best/infer", {"inputs": []})[0] == 404
    print("ok an alias is what it means at each load")

    with Serve("level@1", "level@2", work=work) as site:
        assert site.ask("GET", "/v2/models/level")[2]["versions"] == ["1", "2"]
        assert score(site, "/v2/models/level/versions/1") == 1 and score(site) == score(site, "/v2/models/level/versions/champion") == 2
        target = {"targets": [{"model": "level", "version": "champion"}]}
        assert site.ask("PUT", "/endpoints/front", target)[0] == 200 and score(site, "/v2/models/front") == 2
    print("ok versions beside each other, asked by number, label and endpoint")


def check_version_policy():
    folder = work / "repository" / "many"
    for version in (1, 2, 3):
        (folder / str(version)).mkdir(parents=True)
        (folder / str(version) / "model.onnx").write_bytes(level(version).read_bytes())
    served = lambda site: site.ask("GET", "/v2/models/many")[2].get("versions")
    with Serve("--repository", "repository", work=work) as site:
        for policy, expected in (({}, ["3"]), ({"latest": {"num_versions": 2}}, ["2", "3"]), ({"all": {}}, ["1", "2", "3"]), ({"specific": {"versions": [1, 3]}}, ["1", "3"])):
            (folder / "config.json").write_text(json.dumps({"version_policy": policy, "version_labels": {"stable": 1, "canary": 3}} if policy else {}))
            assert site.ask("POST", "/v2/repository/models/many/load", b"")[0] == 200
            assert served(site) == expected, (policy, served(site))
        assert score(site, "/v2/models/many/versions/stable") == 1 and score(site, "/v2/models/many/versions/canary") == 3
        (folder / "config.json").write_text('{"version_policy": {"specific": {"versions": [9]}}}')
        status, _, body = site.ask("POST", "/v2/repository/models/many/load", b"")
        assert status == 400 and "no version 9" in body["error"] and served(site) == ["1", "3"], body  # the old ones stay
    print("ok version policies and labels of a folder")


def check_int8(url):
    result = {"kind": "int8", "result": {"digest": digests[3], "loss": 0.004}}
    url.ask("POST", "/api/models/level/versions/2/results", result)
    for words, expected in ((["--int8-loss", "0.005"], 3), (["--int8-loss", "0.003"], 2), ([], 2)):
        with Serve("level@2", *words, work=work) as site:
            assert score(site) == expected, (words, score(site))
            assert site.ask("GET", "/v2/models/level")[2]["properties"].get("variant") == ("int8" if expected == 3 else None)
    print("ok the 8-bit variant is taken when its registered loss is small enough")


def check_digest():
    digest = digests[2].removeprefix("sha256:")
    (blob,) = [file for file in (work / ".gyre/blobs").rglob("*") if file.is_file() and digest[2:] in str(file.relative_to(work)).replace("/", "")]
    blob.chmod(0o644)
    blob.write_bytes(level(7).read_bytes())
    said = gyre("serve", "level@2", "--port", "0", "--grpc-port", "0", code=2)
    changed = "sha256:" + hashlib.sha256(level(7).read_bytes()).hexdigest()
    assert digests[2] in said and changed in said, said
    print("ok content that is not what was registered is never loaded")


with tempfile.TemporaryDirectory(prefix="gyre-serve-load-") as folder:
    work = pathlib.Path(folder)
    gyre("init")
    digests = {scale: "sha256:" + hashlib.sha256(level(scale).read_bytes()).hexdigest() for scale in (1, 2, 3)}
    with Server(work, env=environment | {"HOME": str(work)}) as up:
        for scale in (1, 2):
            gyre("model", "register", "level", level(scale))
        gyre("model", "register", "other", level(3))
        gyre("model", "alias", "level", "champion", "1")
        check_aliases()
        check_version_policy()
        check_int8(up)
        check_digest()
