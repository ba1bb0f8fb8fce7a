#include "fleet/rollouts.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/package.hpp"
#include "fleet/answers.hpp"
#include "track/lineage.hpp"

namespace gyre {

// How long a device's old word about a failed image is not taken for a new one (see load()).
constexpr std::int64_t settle_ms = 10'000;

static std::string who_of(std::int64_t id) { return "rollout " + std::to_string(id); }
static std::string validation_id(std::int64_t id) { return "rollout-" + std::to_string(id); }

static json::object parsed(const Row& row, std::string_view column) {
  return parse_json(get_string(row, column), column).as_object();
}

static std::string image_in(const json::object* module) {
  auto* image = module ? module->if_contains("image") : nullptr;
  return image && image->is_string() ? std::string(image->get_string()) : std::string();
}

static void check_request(Workspace& workspace, Devices& devices, const RolloutRequest& request) {
  if (devices.in_ring(request.rings.front()).empty())
    throw Error(Code::invalid, "no device is in the first ring, \"" + request.rings.front() + "\"",
                "add one: gyre device add NAME --ring " + request.rings.front());
  for (auto& digest : {request.data, request.labels, request.expected})
    if (!digest.empty()) workspace.blobs().path(digest);  // Error{not_found} names it
  read_expectation(workspace, request.data, request.labels, request.expected);
}

std::int64_t Rollouts::start(const RolloutRequest& request, const std::string& who) {
  auto& rows = workspace_.rows();
  json::object asked = to_json(request);
  std::string fingerprint = digest_of(canonical(asked));
  auto same = rows.one(
      "SELECT id FROM rollout WHERE app = $1 AND fingerprint = $2 AND (state = 'running' OR id ="
      " (SELECT rollout FROM deployment WHERE app = $1)) AND NOT EXISTS"
      " (SELECT 1 FROM rollout AS other WHERE other.app = $1 AND other.id > rollout.id AND other.state IN ('running', "
      "'going_back'))",
      {request.app, fingerprint});
  if (same) return get_int(*same, "id");
  check_request(workspace_, devices_, request);
  std::int64_t id = 0;
  rows.transaction([&] {
    if (auto other = rows.one("SELECT id, state FROM rollout WHERE app = $1 AND state IN ('running', 'going_back')",
                              {request.app}))
      throw Error(Code::conflict,
                  "roll-out " + std::to_string(get_int(*other, "id")) + " of \"" + request.app + "\" is still at work",
                  "wait for it, or stop it: gyre rollout stop " + std::to_string(get_int(*other, "id")));
    auto now = now_ms();
    id = rows.insert(
        "INSERT INTO rollout (app, fingerprint, request, state, created_at, ring_since) VALUES ($1, $2, $3, 'running', "
        "$4, $4)",
        {request.app, fingerprint, asked, now}, "id");
    for (std::size_t ring = 0; ring < request.rings.size(); ring++)
      for (auto& device : devices_.in_ring(request.rings[ring])) {
        auto* former = Device::module(device.desired, request.app);
        rows.run(
            "INSERT INTO rollout_device (rollout, device, ring, phase, since, former) VALUES ($1, $2, $3, 'waiting', "
            "$4, $5)",
            {id, device.name, ring, now, former ? json::value(*former) : json::value()});
      }
    workspace_.audit(who, "rollout.start", std::to_string(id), nullptr, asked);
  });
  return id;
}

struct Rollouts::Loaded {
  std::int64_t id = 0;
  RolloutRequest request;
  RolloutView view;
  std::vector<json::value> former;  // beside view.devices
};

// When the device's word about its module's state last changed, ISO text; empty when never.
static std::string state_changed_at(const Device& twin, const std::string& app) {
  const json::object* level = &twin.reported.times;
  for (std::string_view key : {std::string_view("modules"), std::string_view(app), std::string_view("state")}) {
    auto* below = level->if_contains(key);
    if (!below || !below->is_object()) return {};
    level = &below->get_object();
  }
  return string_or(*level, "$lastUpdated", "");
}

// What a device says of its module. An old word about a failed image must not fail a new try of the same image: it
// counts when it is younger than the try, or when the device has long seen the new desired twin and still says so.
static void read_module(RolloutDevice& device, const Device& twin, const std::string& app, std::int64_t given_version,
                        std::int64_t now) {
  auto* module = Device::module(twin.reported, app);
  if (!module) return;
  device.image = image_in(module);
  device.state = string_or(*module, "state", "");
  if (device.state == "running") return;
  auto* version = twin.reported.values.if_contains("desired_version");
  bool seen = version && version->is_int64() && version->get_int64() >= given_version;
  bool fresh = state_changed_at(twin, app) >= iso_time(device.since) || (seen && now - device.since >= settle_ms);
  if (!fresh) {
    device.state.clear();
    return;
  }
  device.refused = string_or(*module, "refused", "");
  device.error = string_or(*module, "error", "it does not say why");
}

Rollouts::Loaded Rollouts::load(const Row& row, std::int64_t now) {
  Loaded loaded;
  loaded.id = get_int(row, "id");
  loaded.request = rollout_request_from(parsed(row, "request"));
  auto& request = loaded.request;
  auto& view = loaded.view;
  auto milliseconds = [](double seconds) { return static_cast<std::int64_t>(seconds * 1000); };
  view.image = request.image;
  view.gate = request.gate;
  view.validates = !request.data.empty();
  view.rings = static_cast<int>(request.rings.size());
  view.ring = static_cast<int>(get_int(row, "ring"));
  view.ring_since = get_int(row, "ring_since");
  view.going_back = get_string(row, "state") == "going_back";
  view.done = get_string(row, "state") == "done";
  view.validate_ms = milliseconds(request.validate_seconds);
  view.start_ms = milliseconds(request.start_seconds);
  view.offline_ms = milliseconds(request.offline_seconds);
  view.now = now;
  for (auto& entry :
       workspace_.rows().query("SELECT * FROM rollout_device WHERE rollout = $1 ORDER BY ring, device", {loaded.id})) {
    auto twin = devices_.find(get_string(entry, "device"));
    if (!twin || twin->state != "active") continue;  // revoked or removed meanwhile: it no longer counts
    RolloutDevice device;
    device.name = twin->name;
    device.ring = static_cast<int>(get_int(entry, "ring"));
    device.phase = phase_named(get_string(entry, "phase"));
    device.since = get_int(entry, "since");
    auto given = get_int(entry, "given");
    device.given = given != 0;
    device.online = online_(twin->name);
    if (entry.at("result").is_string()) device.result = result_from(parsed(entry, "result"));
    auto former = entry.at("former").is_string() ? json::value(parsed(entry, "former")) : json::value();
    device.former_image = image_in(former.if_object());
    read_module(device, *twin, request.app, given, now);
    view.devices.push_back(std::move(device));
    loaded.former.push_back(std::move(former));
  }
  return loaded;
}

// Makes the device's entry for an app exactly `module` (nullptr: none).
void Rollouts::give(const Device& device, const std::string& app, const json::object* module, const std::string& who) {
  auto* present = Device::module(device.desired, app);
  json::value entry;
  if (module) entry = patch_to(present ? *present : json::object(), *module);
  devices_.patch_desired(device.name, {{"modules", json::object{{app, entry}}}}, who);
}

bool Rollouts::apply(const Loaded& loaded, const Decision& decision, std::int64_t now) {
  bool changed = decision.next_ring || decision.go_back || decision.done || decision.gone_back;
  auto& rows = workspace_.rows();
  auto& request = loaded.request;
  rows.transaction([&] {
    for (auto& change : decision.changes) {
      auto& device = loaded.view.devices[change.device];
      if (change.phase == Phase::validating && !begin_validation(loaded.id, request, device.name)) continue;
      if (device.phase == Phase::validating) end_validation(loaded.id, device.name);
      changed = true;
      if (change.give) give(devices_.get(device.name), request.app, &request.module, who_of(loaded.id));
      if (change.phase == Phase::restoring)
        give(devices_.get(device.name), request.app, loaded.former[change.device].if_object(), who_of(loaded.id));
      rows.run(
          "UPDATE rollout_device SET phase = $3, since = $4, given = CASE WHEN $5 > 0 THEN $5 ELSE given END,"
          " reason = CASE WHEN $6 = '' THEN reason ELSE $6 END WHERE rollout = $1 AND device = $2",
          {loaded.id, device.name, name_of(change.phase), now,
           change.give ? devices_.get(device.name).desired.version : std::int64_t{0}, change.reason});
    }
    if (decision.next_ring)
      rows.run("UPDATE rollout SET ring = ring + 1, ring_since = $2 WHERE id = $1", {loaded.id, now});
    if (decision.next_ring)  // the next ring's devices wait from now on
      rows.run("UPDATE rollout_device SET since = $2 WHERE rollout = $1 AND phase = 'waiting'", {loaded.id, now});
    if (decision.go_back) begin_going_back(loaded.id, decision.reason, who_of(loaded.id));
    if (decision.gone_back) {
      rows.run("UPDATE rollout SET state = 'rolled_back', ended_at = $2 WHERE id = $1", {loaded.id, now});
      workspace_.audit(who_of(loaded.id), "rollout.rolled_back", std::to_string(loaded.id), nullptr,
                       {{"app", request.app}});
    }
    if (decision.done) finish(loaded, now);
  });
  return changed;
}

static std::string asked_validation(const Device& device) {
  auto* asked = device.desired.values.if_contains("validate");
  return asked ? string_or(*asked, "id", "") : std::string();
}

// A device validates one image at a time: false while it works for another roll-out.
bool Rollouts::begin_validation(std::int64_t id, const RolloutRequest& request, const std::string& device) {
  std::string asked = asked_validation(devices_.get(device));
  if (!asked.empty() && asked != validation_id(id)) return false;
  json::object wanted{{"id", validation_id(id)}, {"image", request.image}, {"data", request.data}};
  for (auto key : {"memory_mb", "cpus"})
    if (auto* limit = request.module.if_contains(key)) wanted[key] = *limit;
  devices_.patch_desired(device, {{"validate", wanted}}, who_of(id));
  return true;
}

void Rollouts::end_validation(std::int64_t id, const std::string& device) {
  if (asked_validation(devices_.get(device)) == validation_id(id))
    devices_.patch_desired(device, {{"validate", nullptr}}, who_of(id));
}

void Rollouts::finish(const Loaded& loaded, std::int64_t now) {
  auto& rows = workspace_.rows();
  auto& request = loaded.request;
  rows.run("UPDATE rollout SET state = 'done', ended_at = $2 WHERE id = $1", {loaded.id, now});
  set_deployment(loaded.id, request);
  Thing deployment{"deployment", request.app + "@" + std::to_string(loaded.id)};
  add_edge(workspace_, {"image", parse_image_reference(request.image).digest}, deployment, "rolled out");
  for (auto& device : loaded.view.devices) add_edge(workspace_, deployment, {"device", device.name}, "runs on");
  for (auto& ring : request.rings)  // what was added or moved while it ran
    for (auto& device : devices_.in_ring(ring))
      devices_.patch_desired(device.name, wanted_for(device), who_of(loaded.id));
  workspace_.audit(who_of(loaded.id), "rollout.done", std::to_string(loaded.id), nullptr,
                   {{"app", request.app}, {"image", request.image}});
}

void Rollouts::set_deployment(std::int64_t id, const RolloutRequest& request) {
  workspace_.rows().run(
      "INSERT INTO deployment VALUES ($1, $2, $3, $4) ON CONFLICT (app) DO UPDATE SET rings = $2, module = $3, rollout "
      "= $4",
      {request.app, json::value_from(request.rings), request.module, id});
}

json::object Rollouts::wanted_for(const Device& device) {
  json::object modules;
  for (auto& row : workspace_.rows().query("SELECT app, rings, module FROM deployment")) {
    auto rings = parse_json(get_string(row, "rings"), "rings");
    bool matches = false;
    for (auto& ring : rings.as_array()) matches |= ring.as_string() == device.ring;
    if (!matches) continue;
    std::string app = get_string(row, "app");
    auto* present = Device::module(device.desired, app);
    modules[app] = patch_to(present ? *present : json::object(), parsed(row, "module"));
  }
  return modules.empty() ? json::object() : json::object{{"modules", std::move(modules)}};
}

void Rollouts::begin_going_back(std::int64_t id, const std::string& reason, const std::string& who) {
  auto& rows = workspace_.rows();
  auto now = now_ms();
  rows.run("UPDATE rollout SET state = 'going_back', reason = $2 WHERE id = $1", {id, reason});
  rows.run("UPDATE rollout_device SET since = $2 WHERE rollout = $1 AND phase = 'restoring'", {id, now});
  // Who only validated is told to stop that; who was given the image goes back in advance().
  for (auto& row : rows.query("SELECT device FROM rollout_device WHERE rollout = $1 AND given = 0", {id}))
    if (devices_.find(get_string(row, "device"))) end_validation(id, get_string(row, "device"));
  workspace_.audit(who, "rollout.going_back", std::to_string(id), nullptr, {{"reason", reason}});
}

void Rollouts::take_back(std::int64_t id, const std::string& reason, const std::string& who) {
  auto& rows = workspace_.rows();
  rows.transaction([&] {
    auto row = rows.one("SELECT * FROM rollout WHERE id = $1", {id});
    if (!row) throw Error(Code::not_found, "there is no roll-out " + std::to_string(id), "see: gyre rollouts");
    std::string state = get_string(*row, "state"), app = get_string(*row, "app");
    if (state == "going_back" || state == "rolled_back") return;
    auto newest = rows.one("SELECT max(id) AS id FROM rollout WHERE app = $1", {app});
    if (get_int(*newest, "id") != id)
      throw Error(Code::conflict,
                  "roll-out " + std::to_string(id) +
                      " of "
                      " + app + "
                      " is not the newest",
                  "roll out the version you want: gyre deploy " + app);
    if (state == "done") {
      auto former = rows.one(
          "SELECT * FROM rollout WHERE app = $1 AND state = 'done' AND id < $2 ORDER BY id DESC LIMIT 1", {app, id});
      if (former)
        set_deployment(get_int(*former, "id"), rollout_request_from(parsed(*former, "request")));
      else
        rows.run("DELETE FROM deployment WHERE app = $1", {app});
    }
    begin_going_back(id, reason, who);
  });
}

bool Rollouts::advance(std::int64_t now) {
  bool changed = false;
  auto& rows = workspace_.rows();
  for (auto& row : rows.query(
           "SELECT * FROM rollout WHERE state IN ('running', 'going_back') OR (state = 'done' AND id IN"
           " (SELECT rollout FROM deployment) AND id IN (SELECT rollout FROM rollout_device WHERE phase = 'pending'))"
           " ORDER BY id")) {
    Loaded loaded = load(row, now);
    changed |= apply(loaded, decide(loaded.view), now);
  }
  return changed;
}

void Rollouts::take_validation(const std::string& device, const json::value& body) {
  auto& rows = workspace_.rows();
  std::string id = get_string(body, "id");
  auto row = rows.one(
      "SELECT rollout.* FROM rollout JOIN rollout_device ON rollout = id WHERE 'rollout-' || id = $1 AND device = $2",
      {id, device});
  if (!row) throw Error(Code::not_found, "no roll-out asked device \"" + device + "\" for validation \"" + id + "\"");
  auto request = rollout_request_from(parsed(*row, "request"));
  if (get_string(body, "image") != request.image)
    throw Error(Code::invalid, "validation \"" + id + "\" of device \"" + device + "\" is of another image");
  DeviceResult result = judge(body, read_expectation(workspace_, request.data, request.labels, request.expected));
  rows.run("UPDATE rollout_device SET result = $3 WHERE rollout = $1 AND device = $2",
           {get_int(*row, "id"), device, to_json(result)});
  if (validated_) validated_(request, device, result);
}

json::object Rollouts::show(std::int64_t id) {
  auto& rows = workspace_.rows();
  auto row = rows.one("SELECT * FROM rollout WHERE id = $1", {id});
  if (!row) throw Error(Code::not_found, "there is no roll-out " + std::to_string(id), "see: gyre rollouts");
  auto request = rollout_request_from(parsed(*row, "request"));
  json::object result{
      {"id", id},
      {"app", request.app},
      {"image", request.image},
      {"state", row->at("state")},
      {"ring", request.rings[static_cast<std::size_t>(get_int(*row, "ring"))]},
      {"reason", row->at("reason")},
      {"created_at", iso_time(get_int(*row, "created_at"))},
      {"ended_at", row->at("ended_at").is_int64() ? json::value(iso_time(get_int(*row, "ended_at"))) : json::value()},
      {"request", to_json(request)}};
  json::array devices;
  for (auto& entry : rows.query("SELECT * FROM rollout_device WHERE rollout = $1 ORDER BY ring, device", {id})) {
    std::string name = get_string(entry, "device");
    json::object device{{"id", name},
                        {"ring", request.rings[static_cast<std::size_t>(get_int(entry, "ring"))]},
                        {"phase", entry.at("phase")},
                        {"since", iso_time(get_int(entry, "since"))},
                        {"reason", entry.at("reason")},
                        {"online", online_(name)}};
    if (entry.at("result").is_string())
      for (auto& member : parsed(entry, "result")) device[member.key()] = member.value();
    if (auto twin = devices_.find(name))
      if (auto* module = Device::module(twin->reported, request.app)) device["module"] = *module;
    auto image = device.contains("module") ? image_in(device["module"].if_object()) : std::string();
    device["digest"] = image.substr(std::min(image.size(), image.find('@') + 1));
    devices.push_back(std::move(device));
  }
  result["devices"] = std::move(devices);
  return result;
}

json::array Rollouts::list() {
  json::array result;
  for (auto& row :
       workspace_.rows().query("SELECT id, app, request, state, reason, created_at FROM rollout ORDER BY id DESC"))
    result.push_back({{"id", row.at("id")},
                      {"app", row.at("app")},
                      {"image", parsed(row, "request").at("image")},
                      {"state", row.at("state")},
                      {"reason", row.at("reason")},
                      {"created_at", iso_time(get_int(row, "created_at"))}});
  return result;
}

}  // namespace gyre
