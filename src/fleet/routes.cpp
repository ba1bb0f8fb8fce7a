#include "fleet/routes.hpp"

#include <charconv>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gyre {

static json::object summary(Fleet& fleet, const Device& device) {
  json::object result{{"name", device.name},
                      {"ring", device.ring},
                      {"state", device.state},
                      {"online", fleet.online(device.name)},
                      {"added_at", iso_time(device.added_at)},
                      {"seen_at", device.seen_at ? json::value(iso_time(*device.seen_at)) : json::value()},
                      {"desired_version", device.desired.version}};
  for (auto key : {"desired_version", "agent"})
    if (auto* value = device.reported.values.if_contains(key))
      result[key == std::string_view("agent") ? key : "seen_version"] = *value;
  if (auto* modules = device.reported.values.if_contains("modules")) result["modules"] = *modules;
  return result;
}

static std::string etag_of(const Device& device) { return "\"" + std::to_string(device.etag) + "\""; }

static Response twin_response(Fleet& fleet, const Device& device) {
  json::object twin = summary(fleet, device);
  twin["tags"] = device.tags;
  twin["desired"] = shown(device.desired);
  twin["reported"] = shown(device.reported);
  Response response = json_response(twin);
  response.headers["ETag"] = etag_of(device);
  return response;
}

// A patch of the twin: {"ring"?, "tags"?, "desired"?}; with If-Match only where the twin is still the one that was
// read.
static Response patch_twin(Fleet& fleet, Request& request) {
  std::string name = request.param("name");
  json::value body = request.json_body();
  if (!body.is_object()) throw Error(Code::invalid, "a twin's patch must be an object");
  for (auto& member : body.get_object())
    if (member.key() != "tags" && member.key() != "desired" && member.key() != "ring")
      throw Error(Code::invalid, "a twin's patch has no \"" + std::string(member.key()) + "\"",
                  "ring, tags and desired can be changed; reported is the device's own");
  bool stale = false;
  fleet.workspace().rows().transaction([&] {
    Device device = fleet.devices().get(name);
    auto match = request.headers.find("If-Match");
    stale = match != request.headers.end() && match->second != "*" && match->second != etag_of(device);
    if (stale) return;
    for (auto section : {"tags", "desired"}) {
      auto* patch = find(body, section);
      if (!patch) continue;
      if (!patch->is_object()) throw Error(Code::invalid, std::string("\"") + section + "\" must be an object");
      if (section == std::string_view("tags"))
        fleet.devices().patch_tags(name, patch->get_object(), request.who);
      else
        fleet.devices().patch_desired(name, patch->get_object(), request.who);
    }
    if (auto ring = find_string(body, "ring")) fleet.move_device(name, *ring, request.who);
  });
  if (stale) {
    Response response =
        error_response(Error(Code::conflict, "device \"" + name + "\" was changed by somebody else meanwhile",
                             "read its twin again and repeat the change"));
    response.status = 412;
    return response;
  }
  fleet.wake();
  return twin_response(fleet, fleet.devices().get(name));
}

static std::vector<Route> device_routes(Fleet& fleet) {
  return {
      {"GET", "/api/devices", "Every device, in short",
       [&fleet](Request&) {
         json::array devices;
         for (auto& device : fleet.devices().list()) devices.push_back(summary(fleet, device));
         return json_response({{"devices", devices}});
       }},
      {"POST", "/api/devices", "Add a device {\"name\", \"ring\"}: gives, once, the files that its agent needs",
       [&fleet](Request& request) {
         json::value body = request.json_body();
         std::string name = get_string(body, "name"), ring = string_or(body, "ring", "production");
         json::object files = fleet.add_device(name, ring, request.who);
         return json_response({{"name", name}, {"ring", ring}, {"files", files}}, 201);
       }},
      {"GET", "/api/devices/{name}", "A device's twin: tags, desired, reported",
       [&fleet](Request& request) { return twin_response(fleet, fleet.devices().get(request.param("name"))); }},
      {"PATCH", "/api/devices/{name}",
       "Merge patch {\"ring\", \"tags\", \"desired\"}; If-Match with the ETag that was read",
       [&fleet](Request& request) { return patch_twin(fleet, request); }},
      {"GET", "/api/devices/{name}/history", "Changes of the twin, newest first; ?limit=N",
       [&fleet](Request& request) {
         auto limit = request.query_value("limit");
         std::int64_t count = 100;
         if (limit &&
             (std::from_chars(limit->data(), limit->data() + limit->size(), count).ec != std::errc{} || count < 1))
           throw Error(Code::invalid, "limit must be a positive number");
         return json_response({{"changes", fleet.devices().history(request.param("name"), count)}});
       }},
      {"POST", "/api/devices/{name}/revoke", "Make its certificate worthless and cut its connection",
       [&fleet](Request& request) {
         fleet.revoke_device(request.param("name"), request.who);
         return json_response(summary(fleet, fleet.devices().get(request.param("name"))));
       }},
      {"DELETE", "/api/devices/{name}", "Forget a revoked device and its history",
       [&fleet](Request& request) {
         fleet.devices().remove(request.param("name"), request.who);
         return json_response(json::object());
       }},
  };
}

static std::int64_t id_of(Request& request) {
  std::string text = request.param("id");
  std::int64_t id = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size())
    throw Error(Code::invalid, "\"" + text + "\" is no roll-out's number", "see: gyre rollouts");
  return id;
}

static std::vector<Route> rollout_routes(Fleet& fleet) {
  return {
      {"GET", "/api/rollouts", "Every roll-out, newest first",
       [&fleet](Request&) {
         return json_response({{"rollouts", fleet.rollouts().list()}});
       }},
      {"POST", "/api/rollouts", "Roll an image out, ring by ring, behind a gate (docs/stations/deploy.md)",
       [&fleet](Request& request) {
         std::int64_t id = fleet.rollouts().start(rollout_request_from(request.json_body()), request.who);
         fleet.wake();
         return json_response(fleet.rollouts().show(id), 201);
       }},
      {"GET", "/api/rollouts/{id}", "A roll-out with its devices",
       [&fleet](Request& request) { return json_response(fleet.rollouts().show(id_of(request))); }},
      {"POST", "/api/rollouts/{id}/stop", "Take it back: every device it touched returns to the version before",
       [&fleet](Request& request) {
         std::int64_t id = id_of(request);
         fleet.rollouts().take_back(id, "stopped by " + request.who, request.who);
         fleet.wake();
         return json_response(fleet.rollouts().show(id));
       }},
  };
}

std::vector<Route> fleet_routes(Fleet& fleet) {
  std::vector<Route> routes = device_routes(fleet);
  for (auto& route : rollout_routes(fleet)) routes.push_back(std::move(route));
  return routes;
}

}  // namespace gyre
