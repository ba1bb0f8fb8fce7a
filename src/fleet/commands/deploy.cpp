#include <chrono>
#include <cstdio>
#include <thread>

#include "base/command.hpp"
#include "base/hash.hpp"
#include "base/http_client.hpp"
#include "fleet/words.hpp"

namespace gyre {

// A digest as it is, an asset's name as the digest of its content.
static std::string digest_for(Api& api, const std::string& reference) {
  if (reference.empty() || is_digest(reference)) return reference;
  return get_string(api.call("GET", "/api/assets/" + percent_encode(reference)), "digest");
}

static json::object request_from(const json::object& values, Api& api) {
  json::value options = values;
  std::string app = get_string(options, "app"), image = get_string(options, "image");
  if (image.empty()) image = app;
  if (image.find('@') == std::string::npos)  // a name alone: its newest package
    image = get_string(api.call("GET", "/api/packages/" + image), "image");
  json::object gate;
  for (auto [option, limit] :
       {std::pair{"min-accuracy", "min_accuracy"}, {"max-p99-ms", "max_p99_ms"}, {"max-memory-mb", "max_memory_mb"}})
    if (double value = get_number(options, option); value > 0) gate[limit] = value;
  json::object request{
      {"app", app}, {"image", image}, {"rings", ring_list(get_string(options, "rings"))}, {"gate", gate}};
  for (auto key : {"data", "labels", "expected"})
    if (std::string digest = digest_for(api, get_string(options, key)); !digest.empty()) request[key] = digest;
  for (auto key : {"model", "input"})
    if (std::string text = get_string(options, key); !text.empty()) request[key] = text;
  if (auto memory = get_int(options, "memory-mb"); memory > 0) request["memory_mb"] = memory;
  if (auto budget = get_int(options, "samples-per-day"); budget > 0)
    request["samples"] = {{"per_day", budget}, {"below", get_number(options, "samples-below")}};
  if (std::string file = get_string(options, "rules"); !file.empty()) request["rules"] = read_json_file(file);
  return request;
}

// Shows each change as it comes: the line is drawn again on a terminal, printed below elsewhere.
static json::value follow(json::value rollout, Api& api, const CommandContext& context) {
  std::string path = "/api/rollouts/" + std::to_string(get_int(rollout, "id")), shown;
  while (!is_over(rollout)) {
    std::string line = rollout_line(rollout);
    if (line != shown && !context.json) {
      std::printf(context.terminal ? "\r\033[K%s" : "%s\n", line.c_str());
      std::fflush(stdout);
    }
    shown = line;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    rollout = api.call("GET", path);
  }
  if (!shown.empty() && context.terminal && !context.json) std::printf("\r\033[K");
  return rollout;
}

static int run(const json::object& values, CommandContext& context) {
  Api& api = context.api();
  json::value rollout = api.call("POST", "/api/rollouts", request_from(values, api));
  if (values.at("wait").as_bool()) rollout = follow(std::move(rollout), api, context);
  if (context.json)
    context.print(rollout);
  else
    std::printf("%s", rollout_in_words(rollout).c_str());
  return get_string(rollout, "state") == "rolled_back" ? 1 : 0;
}

extern const Command command_deploy;
const Command command_deploy{
    .words = "deploy",
    .help = "Roll an image out to devices, ring by ring, behind a gate; needs a running server",
    .arguments = {{"app", FieldType::text, "the module's name on the devices", nullptr, {.required = true}}},
    .options =
        {{"image",
          FieldType::text,
          "NAME@sha256:..., or NAME for its newest package; the app's name when left out",
          "",
          {}},
         {"rings", FieldType::text, "rings, in order", "test,production", {}},
         {"data", FieldType::text, "what devices validate on: the digest that `gyre package data` gave", "", {}},
         {"labels", FieldType::text, "labels of that data: an asset or a digest", "", {}},
         {"expected", FieldType::text, "the data validation's answers: an asset or a digest", "", {}},
         {"model", FieldType::text, "NAME@VERSION that the devices' results are attached to", "", {}},
         {"input", FieldType::text, "the device's input folder that the module reads", "", {}},
         {"rules", FieldType::text, "a JSON file with stream rules", "", {}},
         {"min-accuracy",
          FieldType::number,
          "gate: share of right answers on the device; 0: none",
          0,
          {.min = 0, .max = 1}},
         {"max-p99-ms", FieldType::number, "gate: 99th percentile of latency; 0: none", 0, {.min = 0}},
         {"max-memory-mb", FieldType::number, "gate: the module's memory; 0: none", 0, {.min = 0}},
         {"memory-mb", FieldType::integer, "limit of the module's memory; 0: the agent's default", 0, {.min = 0}},
         {"samples-per-day",
          FieldType::integer,
          "how many uncertain samples may come back a day; 0: none",
          0,
          {.min = 0}},
         {"samples-below",
          FieldType::number,
          "a sample answered with less confidence is uncertain",
          0.9,
          {.min = 0, .max = 1}},
         {"wait", FieldType::boolean, "stay and show how it goes on", true, {}}},
    .run = run};

}  // namespace gyre
