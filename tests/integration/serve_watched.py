#!/usr/bin/env python3
"""What can be seen of `gyre serve`: traces with W3C context, logs without payload, metrics that the dashboard asks for."""
import json, pathlib, re, struct, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from serve_site import Serve, field, grpc_call, grpc_question, question, tiny_model

root = pathlib.Path(__file__).resolve().parent.parent.parent
parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"


def lines(file):
    return [json.loads(line) for line in pathlib.Path(file).read_text().splitlines()]


def check_traces(site):
    settings = lambda changes, path="/v2/trace/setting": site.ask("POST", path, changes)
    assert site.ask("GET", "/v2/trace/setting")[2]["trace_level"] == ["OFF"]
    status, headers, _ = site.infer(headers={"traceparent": parent + "01"})
    assert headers["traceparent"] == parent + "01"  # not traced here: passed on as it came
    assert "traceparent" not in site.infer(headers={"traceparent": "00-bad-context-01"})[1]
    assert (work / "trace.jsonl").read_text() == ""

    assert settings({"trace_level": ["TIMESTAMPS"], "trace_rate": "4", "trace_count": "3"})[0] == 200
    for _ in range(20):
        assert site.infer()[0] == 200
    traces = lines(work / "trace.jsonl")
    assert len(traces) == 3, len(traces)  # of twenty, each fourth, three at most
    names = [stamp["name"] for stamp in traces[0]["timestamps"]]
    times = [stamp["ns"] for stamp in traces[0]["timestamps"]]
    assert names == ["REQUEST_START", "COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END", "REQUEST_END"] and times == sorted(times)
    assert traces[0]["model_name"] == "rows" and len(traces[0]["trace_id"]) == 32 and "tensors" not in traces[0]
    print("ok traces by rate and count")

    settings({"trace_rate": "1000000", "trace_count": "-1", "trace_level": ["TIMESTAMPS", "TENSORS"]})
    site.infer()
    before = len(lines(work / "trace.jsonl"))
    status, headers, _ = site.infer(rows=((1, 2, 3),), headers={"traceparent": parent + "01"})
    (trace,) = lines(work / "trace.jsonl")[before:]  # who is sampled elsewhere is sampled here
    assert trace["trace_id"] == parent[3:35] and trace["parent_span_id"] == parent[36:52]
    assert headers["traceparent"] == f"00-{trace['trace_id']}-{trace['span_id']}-01"
    assert [(one["kind"], one["name"], one["data"]) for one in trace["tensors"]] == [("input", "x", [1, 2, 3]), ("output", "y", [1, 2, 3])]
    site.infer(headers={"traceparent": parent + "00"})
    assert len(lines(work / "trace.jsonl")) == before + 1
    assert grpc_call(site.grpc, "inference.GRPCInferenceService/ModelInfer", grpc_question(), {"traceparent": parent + "01"})[0] == 0
    assert lines(work / "trace.jsonl")[-1]["parent_span_id"] == parent[36:52]
    print("ok W3C trace context over REST and gRPC")

    own = "/v2/models/twice/trace/setting"
    assert settings({"trace_level": ["OFF"]}, own)[2]["trace_level"] == ["OFF"]
    before = len(lines(work / "trace.jsonl"))
    site.infer("twice", headers={"traceparent": parent + "01"})
    assert len(lines(work / "trace.jsonl")) == before
    assert settings({"trace_level": None}, own)[2]["trace_level"] == ["TIMESTAMPS", "TENSORS"]
    for bad, what in (({"trace_rate": "0"}, "trace_rate"), ({"trace_level": ["ALL"]}, "trace_level"), ({"trace_file": "/tmp/other"}, "--trace-file"), ({"speed": 1}, "no setting speed")):
        status, _, body = settings(bad)
        assert status == 400 and what in body["error"], body
    assert site.ask("GET", "/v2/trace/setting")[2]["trace_rate"] == "1000000"
    print("ok settings of one model, and settings that are none")


def check_logs(site):
    log = work / "log.jsonl"
    entries = lines(log)
    assert [entry["model"] for entry in entries if entry["message"] == "model loaded"] == ["rows", "twice"]
    secret = "do-not-log-me"
    site.infer(headers={"Authorization": secret})
    assert not [entry for entry in lines(log) if entry["message"] == "request"]
    assert site.ask("POST", "/v2/logging", {"log_verbose_level": 1})[2]["log_verbose_level"] == 1
    site.ask("POST", "/v2/models/rows/infer", {"inputs": [{"name": secret}]}, {"traceparent": parent + "01", "api-key": secret})
    grpc_call(site.grpc, "inference.GRPCInferenceService/ModelReady", field(1, b"none"))
    requests = [entry for entry in lines(log) if entry["message"] == "request"]
    one = next(entry for entry in requests if entry["path"] == "/v2/models/rows/infer")
    assert one["status"] == 400 and one["protocol"] == "http" and one["us"] >= 0 and one["received"] > 10 and one["traceparent"] == parent + "01", one
    assert [entry for entry in requests if entry["protocol"] == "grpc" and entry["path"].endswith("ModelReady")], requests
    assert secret not in log.read_text()
    site.ask("POST", "/v2/logging", {"log_verbose_level": 0, "log_info": False})
    count = len(lines(log))
    site.infer()
    assert site.ask("POST", "/v2/repository/models/rows/load", b"")[0] == 200
    assert len(lines(log)) == count
    status, _, body = site.ask("POST", "/v2/repository/models/nothing/load", b"")
    assert lines(log)[-1]["level"] == "error" and lines(log)[-1]["model"] == "nothing"
    assert site.ask("POST", "/v2/logging", {"log_file": "/tmp/other"})[0] == 400
    assert site.ask("POST", "/v2/logging", {"log_info": "yes"})[0] == 400
    site.ask("POST", "/v2/logging", {"log_format": "default", "log_info": None})
    assert site.ask("POST", "/v2/repository/models/rows/load", b"")[0] == 200
    assert re.search(r'Z info model loaded model="rows"', log.read_text().splitlines()[-1])
    print("ok logs: levels, formats, no payload")


def check_dashboard(site):
    text = site.ask("GET", "/metrics")[2]
    told = set(re.findall(r"^([a-z_]+)\{", text, re.M))
    dashboard = json.loads((root / "docs" / "grafana-serving.json").read_text())
    asked = {name for panel in dashboard["panels"] for target in panel["targets"] for name in re.findall(r"\b((?:nv|gyre)_[a-z_]+)", target["expr"])}
    asked |= set(re.findall(r"\b((?:nv|gyre)_[a-z_]+)", json.dumps(dashboard["templating"])))
    assert len(asked) >= 12 and asked <= told, asked - told
    labels = {name for panel in dashboard["panels"] for target in panel["targets"] for names in re.findall(r"by \(([^)]*)\)", target["expr"]) for name in names.split(", ")}
    assert all(re.search(rf'\b{label}="', text) for label in labels), labels
    print("ok the dashboard asks for metrics that are there")


with tempfile.TemporaryDirectory(prefix="gyre-serve-watched-") as folder:
    work = pathlib.Path(folder)
    tiny_model(work / "rows.onnx", 1)
    tiny_model(work / "twice.onnx", 2)
    with Serve("rows.onnx", "twice.onnx", "--trace-file", "trace.jsonl", "--log-file", "log.jsonl", "--log-format", "json", work=work) as site:
        check_traces(site)
        check_logs(site)
        check_dashboard(site)
    with Serve("rows.onnx", work=work) as site:
        status, _, body = site.ask("POST", "/v2/trace/setting", {"trace_level": ["TIMESTAMPS"]})
        assert status == 400 and "no file" in body["error"], body
    print("ok tracing needs a file")
