#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/http_environment.hpp"
#include "base/step.hpp"
#include "fleet/words.hpp"

namespace gyre {

namespace {

struct Options {
  std::string app;
  std::string rings = "test,production";
  std::string input;
  std::string model;
  std::string part = "hold";
  double share = 0.2;
  double min_accuracy = 0;
  double max_p99_ms = 0;
  double max_memory_mb = 0;
  int samples_per_day = 0;
  double samples_below = 0.9;
};

// A step has no rows: what it does to the world goes through the server that started it.
class Remote {
 public:
  Remote() {
    const char* url = std::getenv("GYRE_URL");
    if (!url || !*url)
      throw Error(Code::unavailable, "there is no server that devices could hear of a roll-out from",
                  "start it with: gyre up");
    url_ = url;
  }
  json::value call(std::string_view method, const std::string& path, const json::value& body = nullptr) {
    Response response = http_request(method, url_ + path, body.is_null() ? "" : json::serialize(body),
                                     {{"Content-Type", "application/json"}}, options_);
    json::value answer = parse_json(response.body, path);
    if (response.status < 400) return answer;
    auto& error = answer.at("error");
    throw Error(code_named(string_or(error, "code", "internal")), get_string(error, "message"),
                string_or(error, "hint", ""));
  }
  // What an input holds, as content that the server knows.
  std::string digest_of(const StepContext& context, const Options& options, const char* input, const char* type) {
    return get_string(call("POST", "/api/assets",
                           {{"name", options.app + "-rollout-" + input},
                            {"type", type},
                            {"path", fs::absolute(context.input(input)).string()}}),
                      "digest");
  }

 private:
  std::string url_;
  HttpOptions options_ = http_options_from_environment();
};

json::object request_for(const Options& options, StepContext& context, Remote& server) {
  json::value package = server.call("POST", "/api/packages",
                                    {{"path", fs::absolute(context.input("package")).string()}, {"name", options.app}});
  json::object request{
      {"app", options.app}, {"image", get_string(package, "image")}, {"rings", ring_list(options.rings)}};
  json::object gate;
  if (options.min_accuracy > 0) gate["min_accuracy"] = options.min_accuracy;
  if (options.max_p99_ms > 0) gate["max_p99_ms"] = options.max_p99_ms;
  if (options.max_memory_mb > 0) gate["max_memory_mb"] = options.max_memory_mb;
  request["gate"] = std::move(gate);
  if (!options.input.empty()) request["input"] = options.input;
  if (!options.model.empty()) request["model"] = options.model;
  if (options.samples_per_day > 0)
    request["samples"] = {{"per_day", options.samples_per_day}, {"below", options.samples_below}};
  if (!context.has_input("frames")) return request;
  json::object data{{"frames", server.digest_of(context, options, "frames", "any")},
                    {"part", options.part},
                    {"share", options.share}};
  if (context.has_input("labels"))
    data["labels"] = request["labels"] = server.digest_of(context, options, "labels", "labels");
  if (context.has_input("answers")) request["expected"] = server.digest_of(context, options, "answers", "report");
  request["data"] = get_string(server.call("POST", "/api/packages/data", data), "data");
  return request;
}

void run(const Options& options, StepContext& context) {
  Remote server;
  json::value rollout = server.call("POST", "/api/rollouts", request_for(options, context, server));
  std::string path = "/api/rollouts/" + std::to_string(get_int(rollout, "id")), shown;
  while (!is_over(rollout)) {
    // It is the server's now and goes on without this step.
    if (context.stop_requested())
      throw Error(Code::cancelled, "stopped; the roll-out goes on",
                  "gyre rollout stop " + std::to_string(get_int(rollout, "id")) + " takes it back");
    std::size_t through = 0;
    auto& devices = rollout.at("devices").as_array();
    for (auto& device : devices) through += get_string(device, "phase") == "running";
    if (std::string line = rollout_line(rollout); line != shown) {
      context.progress(static_cast<double>(through), static_cast<double>(devices.size()), line);
      shown = line;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    rollout = server.call("GET", path);
  }
  if (get_string(rollout, "state") == "rolled_back")
    throw Error(Code::conflict, "the roll-out went back: " + string_or(rollout, "reason", "it was stopped"),
                "gyre rollout show " + std::to_string(get_int(rollout, "id")) + " tells more");
  for (auto& device : rollout.at("devices").as_array())
    for (auto name : {"accuracy", "p99_ms", "module_pss_mb"})
      if (auto value = find_number(device, name)) context.metric(get_string(device, "id") + "." + name, *value);
  write_file(context.output("report"), pretty(rollout));
}

}  // namespace

extern const Step step_rollout;
const Step step_rollout = step<Options>(
    {.name = "rollout",
     .command = "rollout run",
     .group = "fleet",
     .title = "Roll out",
     .help =
         "Publishes a package and rolls it out ring by ring; fails when the roll-out goes back.\n\nThe same package, "
         "data and gate again are the same roll-out: it is answered at once.",
     .inputs = {{"package", "package", "an OCI image layout, from the step `package`"},
                {"frames", "any", "samples that devices validate on", true},
                {"labels", "labels", "labels of these samples", true},
                {"answers", "report", "answers of the data validation, to be given bit for bit", true}},
     .outputs = {{"report", "report", "the roll-out with its devices and what they measured"}},
     .cached = false},
    {field("app", &Options::app, "the module's name on the devices, and its repository", {.required = true}),
     field("rings", &Options::rings, "rings, in order"),
     field("input", &Options::input, "the device's input folder that the module reads"),
     field("model", &Options::model, "NAME@VERSION that the devices' results are attached to"),
     field("part", &Options::part, "which samples devices validate on", {.choices = {"all", "train", "hold"}}),
     field("share", &Options::share, "part of the data that is held back", {.min = 0, .max = 1}),
     field("min-accuracy", &Options::min_accuracy, "gate: share of right answers; 0: none", {.min = 0, .max = 1}),
     field("max-p99-ms", &Options::max_p99_ms, "gate: 99th percentile of latency; 0: none", {.min = 0}),
     field("max-memory-mb", &Options::max_memory_mb, "gate: the module's memory; 0: none", {.min = 0}),
     field("samples-per-day", &Options::samples_per_day, "how many uncertain samples may come back a day", {.min = 0}),
     field("samples-below", &Options::samples_below, "a lower confidence is uncertain", {.min = 0, .max = 1})},
    run);

}  // namespace gyre
