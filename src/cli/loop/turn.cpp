#include "cli/loop/turn.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "base/clock.hpp"
#include "cli/follow.hpp"
#include "cli/loop/example.hpp"
#include "cli/terminal.hpp"

namespace gyre {

static constexpr std::int64_t test_seed_offset = 1'000'003;  // frames that no training sees
static const std::map<std::string, std::string> devices{
    {"test-1", "test"}, {"line-1", "production"}, {"line-2", "production"}, {"line-3", "production"}};

const json::object& Results::node(std::string_view id) const {
  for (auto& node : nodes())
    if (get_string(node, "node") == id) return node.as_object();
  throw Error(Code::internal, "the pipeline has no node " + std::string(id));
}

std::string Results::digest(std::string_view id, std::string_view output) const {
  return get_string(node(id).at("outputs").as_object(), output);
}
double Results::metric(std::string_view id, std::string_view name) const {
  return get_number(node(id).at("metrics").as_object(), name);
}

Turn::Turn(LoopOptions options, bool quiet)
    : options_(std::move(options)),
      size_(options_.quick ? TurnSize::quick() : TurnSize()),
      quiet_(quiet),
      parts_(fs::absolute(options_.folder)),
      began_(seconds_since_start()) {
  for (auto& [name, ring] : devices) parts_.add_device(name, ring);
}

void Turn::say(const std::string& station, const std::string& line) {
  if (quiet_) return;
  bool colour = is_terminal(1);
  std::printf("  %s%s %s\n", tinted(Tint::bold, padded(station, 9), colour).c_str(),
              tinted(Tint::green, "✓", colour).c_str(), line.c_str());
  std::fflush(stdout);
}

json::value Turn::blob(const std::string& digest) {
  TemporaryFolder folder;
  parts_.api().download("/api/blobs/" + digest, folder.path() / "blob");
  return read_json_file(folder.path() / "blob");
}

Results Turn::pipeline(std::string_view name, const json::object& parameters) {
  json::object body{{"yaml", json::string(example(name))}, {"where", json::string(name)}, {"parameters", parameters}};
  Results results(follow_pipeline(parts_.api(), body, {.quiet = quiet_}));
  for (auto& node : results.nodes()) {
    if (get_string(node, "state") != "done" && get_string(node, "state") != "cached")
      throw Error(Code::cancelled, "the loop was stopped; run it again and it goes on");
    seconds_[string_or(node, "station", "other")] += get_number(node, "seconds");
  }
  return results;
}

std::string Turn::register_model(const std::string& name, const Results& results, const std::string& node,
                                 const json::object& metrics) {
  json::value version = parts_.api().call("POST", "/api/models/" + name + "/versions",
                                          {{"digest", results.digest(node, "model")}, {"metrics", metrics}});
  std::string reference = name + "@" + std::to_string(get_int(version, "version"));
  say("onnx", "registered " + reference);
  return reference;
}

// Signs and publishes the image, then rolls it out ring by ring and waits for the end of it.
Turn::Deployed Turn::deploy(const std::string& app, const std::string& input, const std::string& model,
                            const std::string& package, const json::object& more) {
  double begin = seconds_since_start();
  Api& api = parts_.api();
  Deployed deployed{.model = model};
  deployed.package = api.call("POST", "/api/packages", {{"package", package}, {"name", app}}).as_object();
  deployed.image = get_string(deployed.package, "image");
  json::object request{
      {"app", app}, {"image", deployed.image}, {"input", input}, {"model", model}, {"rings", {"test", "production"}}};
  for (auto& [key, value] : more) request[key] = value;
  // A turn that is repeated does not take the devices back to the first version: what was rolled out once, was; and a
  // roll-out that a killed turn left on its way is followed.
  json::object rollout;
  json::value before = api.call("GET", "/api/rollouts");
  for (auto& item : before.at("rollouts").as_array())
    if (get_string(item, "image") == deployed.image && get_string(item, "state") != "rolled_back")
      rollout = api.call("GET", "/api/rollouts/" + std::to_string(get_int(item, "id"))).as_object();
  if (rollout.empty()) rollout = api.call("POST", "/api/rollouts", request).as_object();
  std::string id = std::to_string(get_int(rollout, "id"));
  LiveLines live(is_terminal(1) && !quiet_);
  while (get_string(rollout, "state") != "done") {
    if (get_string(rollout, "state") == "rolled_back")
      throw Error(Code::conflict, "the roll-out of " + app + " went back: " + string_or(rollout, "reason", ""),
                  "`gyre rollout show " + id + "` tells more");
    if (interrupted()) throw Error(Code::cancelled, "the loop was stopped; run it again and it goes on");
    parts_.start_agents();  // those that are not there
    std::string line = "  " + padded("deploy", 9) + app + ":";
    for (auto& device : rollout.at("devices").as_array())
      line += "  " + get_string(device, "id") + " " + get_string(device, "phase");
    live.draw({line});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    rollout = api.call("GET", "/api/rollouts/" + id).as_object();
  }
  live.draw({});
  deployed.rollout = rollout;
  double seconds = seconds_since_start() - begin;
  seconds_["deploy"] += seconds;
  say("deploy", padded(model, 12) + "on test, then production: " +
                    std::to_string(rollout.at("devices").as_array().size()) + " devices, " + short_duration(seconds));
  return deployed;
}

// What the module saw at validation is what production is compared with.
void Turn::watch_bottle(const Deployed& bottle, const Results& results, const std::string& node) {
  parts_.api().call("PUT", "/api/watch/modules/bottle/reference",
                    {{"digest", results.digest(node, "sketch")}, {"image", bottle.image}});
}

Results Turn::drive(const std::string& name, const std::string& condition, const Deployed& bottle, std::int64_t frames,
                    std::int64_t seed) {
  json::array names;
  for (auto& [device, ring] : devices) names.emplace_back(device);
  json::object options{{"devices", names},      {"folder", (parts_.folder() / "devices").string()},
                       {"image", bottle.image}, {"condition", condition},
                       {"frames", frames},      {"seed", seed}};
  json::object node{{"step", "drive-line"}, {"station", "monitor"}, {"options", options}};
  json::object nodes, pipeline, body;
  nodes[name] = std::move(node);
  pipeline["name"] = "line-drive";
  pipeline["nodes"] = std::move(nodes);
  body["pipeline"] = std::move(pipeline);
  auto agents_when_needed = [this](const json::object& status) {
    if (get_string(status.at("nodes").as_array()[0], "state") == "running") parts_.start_agents();
  };
  Results results(follow_pipeline(parts_.api(), body, {.quiet = quiet_, .watch = agents_when_needed}));
  seconds_["monitor"] += get_number(results.nodes()[0], "seconds");
  return results;
}

json::object Turn::gate() const {
  return {{"min_accuracy", size_.accuracy}, {"max_p99_ms", 500}, {"max_memory_mb", 200}};
}

void Turn::first_half() {
  Api& api = parts_.api();
  fs::path rule_file = parts_.folder() / "pump-clean.json";
  write_file(rule_file, example("rules/pump-clean.json"));
  json::value rule =
      api.call("POST", "/api/assets", {{"name", "line-pump-rule"}, {"type", "rule"}, {"path", rule_file.string()}});
  built_ = pipeline("line/build.yaml", {{"seed", options_.seed},
                                        {"test_seed", options_.seed + test_seed_offset},
                                        {"rule", rule.at("digest")},
                                        {"frames", size_.frames},
                                        {"sounds", size_.sounds},
                                        {"bottle_epochs", size_.bottle_epochs},
                                        {"gearbox_epochs", size_.gearbox_epochs},
                                        {"pump_epochs", size_.pump_epochs},
                                        {"life_epochs", size_.life_epochs}});
  const Results& built = *built_;
  std::string bottle = register_model("bottle", built, "bottle",
                                      {{"accuracy_day", built.metric("bottle-day", "accuracy")},
                                       {"accuracy_evening", built.metric("bottle-evening", "accuracy")}});
  std::string gearbox =
      register_model("gearbox", built, "gearbox", {{"accuracy", built.metric("gearbox-test", "accuracy")}});
  std::string pump = register_model("pump", built, "pump", json::object());
  register_model("life", built, "life", json::object());
  json::value data = api.call(
      "POST", "/api/packages/data",
      {{"frames", built.digest("day", "frames")}, {"labels", built.digest("day-labels", "labels")}, {"part", "hold"}});
  bottle_ = deploy("bottle", "camera", bottle, built.digest("bottle-package", "package"),
                   {{"gate", gate()},
                    {"data", data.at("data")},
                    {"labels", built.digest("day-labels", "labels")},
                    {"expected", built.digest("bottle-day", "answers")},
                    {"samples", {{"per_day", 400}, {"below", 0.985}}}});
  watch_bottle(bottle_, built, "bottle-day");
  gearbox_ = deploy("gearbox", "microphone", gearbox, built.digest("gearbox-package", "package"), json::object());
  pump_ =
      deploy("pump", "pump", pump, built.digest("pump-package", "package"), {{"rules", {read_json_file(rule_file)}}});
}

void Turn::second_half() {
  Api& api = parts_.api();
  day_drive_ = drive("day", "day", bottle_, size_.day_drive, options_.seed + 11);
  evening_drive_ = drive("evening", "evening", bottle_, size_.evening_drive, options_.seed + 12);
  json::value report = blob(evening_drive_->digest("evening", "report"));
  say("monitor", "drift: " + string_or(report.at("drift"), "level", "?"));
  json::value labelled =
      api.call("POST", "/api/queue",
               {{"from", evening_drive_->digest("evening", "labels")}, {"module", "bottle"}, {"by", "generator"}});
  json::value exported = api.call("POST", "/api/queue/export", {{"name", "line-evening"}, {"module", "bottle"}});
  say("label", std::to_string(get_int(exported, "samples")) +
                   " frames of the evening came back and are labelled (here the generator answers, not a person)");
  retrained_ = pipeline("line/retrain.yaml", {{"seed", options_.seed},
                                              {"test_seed", options_.seed + test_seed_offset},
                                              {"evening", get_string(exported.at("data"), "digest")},
                                              {"evening_labels", get_string(exported.at("labels"), "digest")},
                                              {"champion", built_->digest("bottle", "model")},
                                              {"weights", built_->digest("bottle", "weights")},
                                              {"frames", size_.frames},
                                              {"epochs", size_.bottle_epochs},
                                              {"worse", size_.worse},
                                              {"better", options_.quick ? 0 : 0.001}});
  const Results& again = *retrained_;
  std::string model = register_model("bottle", again, "bottle-again",
                                     {{"accuracy_day", again.metric("day-again", "accuracy")},
                                      {"accuracy_evening", again.metric("evening-again", "accuracy")}});
  json::value data = api.call("POST", "/api/packages/data",
                              {{"frames", built_->digest("day", "frames")},
                               {"labels", built_->digest("day-labels", "labels")},
                               {"part", "hold"}});
  bottle_again_ = deploy("bottle", "camera", model, again.digest("package-again", "package"),
                         {{"gate", gate()},
                          {"data", data.at("data")},
                          {"labels", built_->digest("day-labels", "labels")},
                          {"expected", again.digest("day-again", "answers")},
                          {"samples", {{"per_day", 400}, {"below", 0.985}}}});
  watch_bottle(bottle_again_, again, "evening-again");
  drive("evening-again", "evening", bottle_again_, size_.day_drive, options_.seed + 13);
  api.call("PUT", "/api/models/bottle/aliases/champion", {{"version", std::stoll(model.substr(model.find('@') + 1))}});
}

json::object Turn::run() {
  first_half();
  second_half();
  return figures();
}

}  // namespace gyre
