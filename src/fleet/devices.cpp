#include "fleet/devices.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gyre {

constexpr std::string_view server_name = "gyre-server";

const json::object* Device::module(const TwinSection& section, std::string_view app) {
  auto* modules = section.values.if_contains("modules");
  auto* entry = modules && modules->is_object() ? modules->get_object().if_contains(app) : nullptr;
  return entry ? entry->if_object() : nullptr;
}

void check_device_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (name.empty() || name.size() > 63 || name.front() == '.' || name.front() == '-' ||
      !std::ranges::all_of(name, allowed))
    throw Error(Code::invalid, "\"" + std::string(name.substr(0, 80)) + "\" is no device name",
                "use up to 63 letters, digits and . _ -, beginning with a letter or digit");
  if (name == server_name) throw Error(Code::invalid, "\"gyre-server\" is the server's own name");
}

static void check_ring(std::string_view ring) {
  if (ring.empty() || ring.size() > 63 || ring.find_first_of(",/ ") != std::string_view::npos)
    throw Error(Code::invalid, "\"" + std::string(ring) + "\" is no ring", "such as test or production");
}

static Device device_from(const Row& row) {
  Device device;
  device.name = get_string(row, "name");
  device.ring = get_string(row, "ring");
  device.state = get_string(row, "state");
  device.serial = get_string(row, "serial");
  device.etag = get_int(row, "etag");
  device.tags = parse_json(get_string(row, "tags"), "tags").as_object();
  device.desired = section_from(parse_json(get_string(row, "desired"), "desired"));
  device.reported = section_from(parse_json(get_string(row, "reported"), "reported"));
  device.added_at = get_int(row, "added_at");
  if (row.at("seen_at").is_int64()) device.seen_at = row.at("seen_at").get_int64();
  return device;
}

Device Devices::add(const std::string& name, const std::string& ring, const std::string& serial,
                    const json::object& desired, const std::string& who) {
  check_device_name(name);
  check_ring(ring);
  auto& rows = workspace_.rows();
  rows.transaction([&] {
    if (find(name))
      throw Error(Code::conflict, "device \"" + name + "\" is there already", "take another name, or remove it first");
    auto none = to_json(TwinSection{});
    rows.run("INSERT INTO device (name, ring, serial, desired, reported, added_at) VALUES ($1, $2, $3, $4, $5, $6)",
             {name, ring, serial, none, none, now_ms()});
    if (!desired.empty()) patch(name, "desired", desired, who);
    workspace_.audit(who, "device.add", name, nullptr, {{"ring", ring}, {"serial", serial}});
  });
  return get(name);
}

std::optional<Device> Devices::find(const std::string& name) {
  auto row = workspace_.rows().one("SELECT * FROM device WHERE name = $1", {name});
  if (!row) return {};
  return device_from(*row);
}

Device Devices::get(const std::string& name) {
  auto device = find(name);
  if (!device) throw Error(Code::not_found, "there is no device \"" + name + "\"", "see: gyre devices");
  return std::move(*device);
}

static std::vector<Device> devices_from(const std::vector<Row>& rows) {
  std::vector<Device> devices;
  for (auto& row : rows) devices.push_back(device_from(row));
  return devices;
}

std::vector<Device> Devices::list() {
  return devices_from(workspace_.rows().query("SELECT * FROM device ORDER BY name"));
}

std::vector<Device> Devices::in_ring(const std::string& ring) {
  return devices_from(
      workspace_.rows().query("SELECT * FROM device WHERE ring = $1 AND state = 'active' ORDER BY name", {ring}));
}

void Devices::remove(const std::string& name, const std::string& who) {
  workspace_.rows().transaction([&] {
    Device device = get(name);
    if (device.state != "revoked")
      throw Error(Code::conflict, "device \"" + name + "\" still has a valid certificate",
                  "first: gyre device revoke " + name);
    workspace_.rows().run("DELETE FROM device WHERE name = $1", {name});
    workspace_.audit(who, "device.remove", name, {{"ring", device.ring}}, nullptr);
  });
}

void Devices::set_revoked(const std::string& name, const std::string& who) {
  workspace_.rows().transaction([&] {
    Device device = get(name);
    if (device.state == "revoked") return;
    workspace_.rows().run("UPDATE device SET state = 'revoked', etag = etag + 1 WHERE name = $1", {name});
    workspace_.audit(who, "device.revoke", name, {{"state", device.state}}, {{"state", "revoked"}});
  });
}

void Devices::set_ring(const std::string& name, const std::string& ring, const std::string& who) {
  check_ring(ring);
  workspace_.rows().transaction([&] {
    Device device = get(name);
    if (device.ring == ring) return;
    workspace_.rows().run("UPDATE device SET ring = $2, etag = etag + 1 WHERE name = $1", {name, ring});
    workspace_.audit(who, "device.ring", name, {{"ring", device.ring}}, {{"ring", ring}});
  });
}

bool Devices::patch(const std::string& name, const char* section, const json::object& patch, const std::string& who) {
  bool changed = false;
  auto& rows = workspace_.rows();
  rows.transaction([&] {
    Device device = get(name);
    bool desired = std::string_view(section) == "desired";
    TwinSection& target = desired ? device.desired : device.reported;
    auto at = now_ms();
    if (!patch_section(target, patch, iso_time(at), "device \"" + name + "\", " + section)) return;
    changed = true;
    rows.run(desired ? "UPDATE device SET desired = $2, etag = etag + 1 WHERE name = $1"
                     : "UPDATE device SET reported = $2, etag = etag + 1 WHERE name = $1",
             {name, to_json(target)});
    rows.run("INSERT INTO device_change VALUES ($1, $2, $3, $4, $5, $6)",
             {name, section, target.version, at, who, patch});
    if (desired && desired_changed_) rows.after_commit([this, name] { desired_changed_(name); });
  });
  return changed;
}

bool Devices::patch_desired(const std::string& name, const json::object& change, const std::string& who) {
  return patch(name, "desired", change, who);
}

bool Devices::patch_reported(const std::string& name, const json::object& change) {
  return patch(name, "reported", change, name);
}

bool Devices::patch_tags(const std::string& name, const json::object& change, const std::string& who) {
  bool changed = false;
  workspace_.rows().transaction([&] {
    Device device = get(name);
    json::value tags = device.tags;
    merge_patch(tags, change);
    if (tags == json::value(device.tags)) return;
    check_twin(tags.get_object(), tag_limits, "device \"" + name + "\", tags");
    workspace_.rows().run("UPDATE device SET tags = $2, etag = etag + 1 WHERE name = $1", {name, tags});
    workspace_.audit(who, "device.tags", name, device.tags, tags);
    changed = true;
  });
  return changed;
}

void Devices::seen(const std::string& name, std::int64_t at) {
  workspace_.rows().run("UPDATE device SET seen_at = $2 WHERE name = $1", {name, at});
}

json::array Devices::history(const std::string& name, std::int64_t limit) {
  get(name);
  json::array changes;
  for (auto& row : workspace_.rows().query("SELECT section, version, at, who, patch FROM device_change WHERE device = "
                                           "$1 ORDER BY at DESC, version DESC LIMIT $2",
                                           {name, limit}))
    changes.push_back({{"section", row.at("section")},
                       {"version", row.at("version")},
                       {"at", iso_time(get_int(row, "at"))},
                       {"who", row.at("who")},
                       {"patch", parse_json(get_string(row, "patch"), "device_change")}});
  return changes;
}

}  // namespace gyre
