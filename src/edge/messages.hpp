#pragma once
// clang-format off: the tables below are wider than its reflow allows.
// What a device and the server say to each other over MQTT. All payloads are JSON.
//
//   gyre/<device>/desired   server -> device, retained, QoS 1: the whole desired section of the twin, {"$version": n,
//   ...}.
//                           A device drops what is not above the version it has.
//   gyre/<device>/up        device -> server, QoS 1: {"seq": n, "kind": k, "at": ms, "body": {...}}. Stored on the
//   device
//                           before it is sent, sent again until the server's ack; the server drops a seq it has stored.
//                           seq grows, with gaps (what a full outbox dropped), and starts at the device's clock in ms,
//                           so that a device whose state was wiped does not repeat old numbers.
//   gyre/<device>/down      server -> device, QoS 1: {"kind": "ack", "seq": n}: exactly n is stored. Not "all up to n":
//   a
//                           broker that is killed, or one that the server had not reached yet, loses one between two
//                           others.
//                           {"kind": "resend"}: the server is back; send again what is not acknowledged.
//   gyre/<device>/state     device -> server, retained, QoS 1: {"online": true} after each connect; {"online": false}
//   is
//                           the last will (BusOptions::presence = topic_state(device) does both).
//
// A device may write only its own `up` and `state` and read only its own `desired` and `down`; its name is its
// certificate's CN, which the broker also takes as its client id.
//
// What `gyre device add NAME --out DIR` writes for the agent (paths in device.json are relative to its folder):
//   device.json  {"device": "press-1", "host": "127.0.0.1", "port": 8883, "ca": "ca.crt", "certificate": "device.crt",
//                 "key": "device.key", "signing_key": "signing.pub"}, and beside it ca.crt, device.crt, device.key
//                 (mode 600) and signing.pub (the public half, PEM, of the Ed25519 key that signs images)
//
// Desired:
//   {"$version": 7,
//    "modules": {"bottle": {"image": "bottle@sha256:<manifest digest>",    // in the registry at "registry"
//                           "input": "camera",                            // folder <state>/input/camera, see below
//                           "memory_mb": 256, "cpus": 1,
//                           "rules": [{"name": "clean", "every_ms": 1000, "sql": "select ... from readings"}],
//                           "samples": {"per_day": 40, "below": 0.9}}},   // uncertain ones come back, within the
//                           budget
//    "registry": "http://127.0.0.1:7081",
//    "gather": {"camera": {"every": 10}},                                 // send every n-th input, whatever the answer
//    "validate": {"id": "v3", "image": "bottle@sha256:...", "data": "sha256:<tar blob>", "memory_mb": 256, "cpus": 1},
//    "rollback": ...never: the server sets the former image}
//   An image that failed is not tried again until its module's entry changes. The data of "validate" is a tar of flat
//   files, fetched from <registry>/v2/gyre-data/blobs/<digest>. A validation with an id that was answered is not
//   repeated. "memory_mb", "cpus", "rules", "samples" and "gather" may be left out (256, 1, none).
//
// kinds of `up`:
//   reported    a merge patch of the reported section: {"desired_version", "agent": {"version","pss_mb","started_at",
//               "start_ms","dropped"}, "modules": {"bottle": {"image","state","error","downloaded_bytes","pss_mb",
//               "restarts"}}}; a module that was taken off is null.
//               state: pulling | starting | running | failed | rolled_back. `running` only after the module
//               answered its golden inputs. On failure the device goes back to the last image that ran: `rolled_back`,
//               "image" is then the former one, "refused" the one that failed and "error" says why. `failed`: there is
//               no former one.
//   validation  {"id","image","samples":n,"answers":[{"name","answer":{...}}...],"p50_ms","p99_ms","pss_mb","golden"}
//   or
//               {"id","image","error"}. A sample that could not be read has "error" instead of "answer".
//   answers     {"module","image","count","labels":{"good":17,...},"latency_ms":[p50,p99],"from","to","sketch":{...},
//                "alarms":n,"errors":n,"late":n,"dropped":n,
//                "items":[{"name","label","confidence","score","alarm"}...]}   every few seconds, at most 256 items
//   sample      {"module","image","name","answer":{...},"bytes":"<base64>","why":"uncertain|gather"}
//   event       {"module","rule"?, "what": "...", "at"}
//
// Input folder of a device, <state>/input/<name>/: a driver moves whole files in (rename); the module answers them in
// name order, and the agent removes each after it stored the answer. Hidden files and files ending in ".part" are not
// taken. Telemetry comes as CSV files with a header, one file a second or so.
//
// A module in its container: /gyre/module run --input /input --model /model/model.onnx. It watches /input (read-only
// for it) and writes JSON lines to standard output:
//   {"ready":true,"golden":<difference>}             first; or {"ready":false,"error":"..."} and it ends
//   {"name":"a.jpg","ms":3.1,"answer":{...}}         one for each file
//   {"name":"a.csv","waiting":"12 of 64 rows"}       a series that needs more rows: shorter files join those before
//   them
//   {"name":"a.jpg","error":"..."}                   a file that could not be read
//   {"sketch":{...}}                                 every few seconds: what it saw since the last one
//   (model/sketch.hpp)
// `/gyre/module check --input /input --model ...` (validation) answers every file below /input once, in name order, and
// ends.
// clang-format on
#include <string>

namespace gyre {

inline std::string topic_desired(const std::string& device) { return "gyre/" + device + "/desired"; }
inline std::string topic_up(const std::string& device) { return "gyre/" + device + "/up"; }
inline std::string topic_down(const std::string& device) { return "gyre/" + device + "/down"; }
inline std::string topic_state(const std::string& device) { return "gyre/" + device + "/state"; }

}  // namespace gyre
