#pragma once
// What a device and the server say to each other over MQTT. All payloads are JSON.
//
//   gyre/<device>/desired   server -> device, retained, QoS 1: the whole desired section of the twin, {"$version": n, ...}.
//                           A device drops what is not above the version it has.
//   gyre/<device>/up        device -> server, QoS 1: {"seq": n, "kind": k, "at": ms, "body": {...}}. Stored on the device
//                           before it is sent, sent again until the server's ack; the server drops a seq it has stored.
//   gyre/<device>/down      server -> device, QoS 1: {"kind": "ack", "seq": n} (all up to n are stored).
//
// A device may write only its own `up` and read only its own `desired` and `down`; its name is its certificate's CN.
//
// Desired:
//   {"$version": 7,
//    "modules": {"bottle": {"image": "bottle@sha256:<manifest digest>",    // in the registry at "registry"
//                           "input": "camera",                            // folder <state>/input/camera, see below
//                           "memory_mb": 256, "cpus": 1,
//                           "rules": [{"name": "clean", "every_ms": 1000, "sql": "select ... from readings"}],
//                           "samples": {"per_day": 40, "below": 0.9}}},   // uncertain ones come back, within the budget
//    "registry": "http://127.0.0.1:7081",
//    "gather": {"camera": {"every": 10}},                                 // send every n-th input, whatever the answer
//    "validate": {"id": "v3", "image": "bottle@sha256:...", "data": "sha256:<tar blob>", "memory_mb": 256, "cpus": 1},
//    "rollback": ...never: the server sets the former image}
//
// kinds of `up`:
//   reported    a merge patch of the reported section: {"agent": {"version","pss_mb","started_at","start_ms"},
//               "modules": {"bottle": {"image","state","error","downloaded_bytes","pss_mb","restarts"}}}
//               state: pulling | starting | running | failed | rolled_back | stopped. `running` only after the module
//               answered its golden inputs. On failure the device goes back to the last image that ran.
//   validation  {"id","image","samples":n,"answers":[{"name","answer":{...}}...],"p50_ms","p99_ms","pss_mb","error"?}
//   answers     {"module","count","labels":{"good":17,...},"latency_ms":[p50,p99],"from","to","sketch":{...},"alarms":n,
//                "items":[{"name","label","confidence","score","alarm"}...]}   every few seconds
//   sample      {"module","name","answer":{...},"bytes":"<base64>","why":"uncertain|gather"}
//   event       {"module","rule"?, "what": "...", "at"}
//
// Input folder of a device, <state>/input/<name>/: a driver moves whole files in (rename); the module takes them in name
// order, answers, and removes them. Telemetry comes as CSV files with a header, one file a second or so.
//
// A module in its container: /gyre/module run --input /input --model /model/model.onnx. It reads /input, writes one JSON
// line per answer to standard output: {"name","ms","answer":{...}}, and {"ready":true,"golden":<difference>} first.
// `/gyre/module check` (validation) does the same once for every file below /input, in name order, and ends.
#include <string>

namespace gyre {

inline std::string topic_desired(const std::string& device) { return "gyre/" + device + "/desired"; }
inline std::string topic_up(const std::string& device) { return "gyre/" + device + "/up"; }
inline std::string topic_down(const std::string& device) { return "gyre/" + device + "/down"; }

}  // namespace gyre
