#include "fleet/fleet.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "pack/packages.hpp"
#include "track/registry.hpp"

namespace gyre {

// What a device found is a result of the model's version.
static void attach(Workspace& workspace, const RolloutRequest& request, const Device& device,
                   const DeviceResult& result) {
  auto version = request.model.empty() ? std::nullopt : find_version(workspace, request.model);
  if (!version) return;
  json::object found = to_json(result);
  found["device"] = device.name;
  found["ring"] = device.ring;
  found["image"] = request.image;
  attach_result(workspace, version->name, version->version, "device", found, device.name);
}

Fleet::Fleet(Workspace& workspace)
    : workspace_(workspace),
      devices_(workspace),
      inbox_(workspace, devices_),
      rollouts_(workspace, devices_, [this](const std::string& device) { return online(device); }),
      authority_(workspace.keys() / "authority") {
  devices_.on_desired([this](const std::string& device) {
    std::lock_guard lock(hooks_mutex_);
    if (hooks_.desired) hooks_.desired(device);
  });
  inbox_.on("reported", [this](const std::string& device, std::int64_t, const json::value& body) {
    devices_.patch_reported(device, body.as_object());
  });
  inbox_.on("validation", [this](const std::string& device, std::int64_t, const json::value& body) {
    rollouts_.take_validation(device, body);
  });
  rollouts_.on_validated([this](const RolloutRequest& request, const std::string& device, const DeviceResult& result) {
    attach(workspace_, request, devices_.get(device), result);
  });
}

FleetAddresses Fleet::addresses() const {
  auto file = workspace_.root() / "fleet.json";
  if (!fs::exists(file)) return {};
  json::value kept = read_json_file(file);
  return {get_string(kept, "host"), static_cast<int>(get_int(kept, "port")), get_string(kept, "registry")};
}

void Fleet::set_addresses(const FleetAddresses& addresses) {
  write_file(workspace_.root() / "fleet.json",
             pretty({{"host", addresses.host}, {"port", addresses.port}, {"registry", addresses.registry}}));
}

json::object Fleet::add_device(const std::string& name, const std::string& ring, const std::string& who) {
  check_device_name(name);
  if (devices_.find(name))
    throw Error(Code::conflict, "device \"" + name + "\" is there already",
                "take another name, or revoke and remove it first");
  auto addresses = this->addresses();
  Authority::Issued issued;
  {
    std::lock_guard lock(authority_mutex_);
    issued = authority_.issue_device(name);
  }
  workspace_.rows().transaction([&] {
    Device device = devices_.add(name, ring, issued.serial, {{"registry", addresses.registry}}, who);
    devices_.patch_desired(name, rollouts_.wanted_for(device), who);
  });
  wake();
  json::object settings{{"device", name},
                        {"host", addresses.host},
                        {"port", addresses.port},
                        {"ca", "ca.crt"},
                        {"certificate", "device.crt"},
                        {"key", "device.key"},
                        {"signing_key", "signing.pub"}};
  return {{"device.json", pretty(settings)},
          {"ca.crt", read_file(authority_.ca())},
          {"device.crt", issued.certificate_pem},
          {"device.key", issued.key_pem},
          {"signing.pub", workspace_signing_key(workspace_).public_pem}};
}

void Fleet::revoke_device(const std::string& name, const std::string& who) {
  Device device = devices_.get(name);
  {
    std::lock_guard lock(authority_mutex_);
    authority_.revoke(device.serial);  // first: a kill between the two leaves it refused, and is done again
  }
  devices_.set_revoked(name, who);
  set_online(name, false);
  std::lock_guard lock(hooks_mutex_);
  if (hooks_.revoked) hooks_.revoked(name);
}

void Fleet::move_device(const std::string& name, const std::string& ring, const std::string& who) {
  workspace_.rows().transaction([&] {
    devices_.set_ring(name, ring, who);
    devices_.patch_desired(name, rollouts_.wanted_for(devices_.get(name)), who);
  });
  wake();
}

void Fleet::connect(Hooks hooks) {
  std::lock_guard lock(hooks_mutex_);
  hooks_ = std::move(hooks);
}

void Fleet::wake() {
  std::lock_guard lock(hooks_mutex_);
  if (hooks_.wake) hooks_.wake();
}

void Fleet::set_online(const std::string& device, bool online) {
  std::lock_guard lock(online_mutex_);
  online_[device] = online;
}

bool Fleet::online(const std::string& device) const {
  std::lock_guard lock(online_mutex_);
  auto at = online_.find(device);
  return at != online_.end() && at->second;
}

Fleet::Certificates Fleet::server_certificates() {
  auto folder = workspace_.keys() / "broker";
  make_folders(folder);
  Certificates result{authority_.ca(), authority_.revoked(), folder / "server.crt", folder / "server.key"};
  std::string host = addresses().host;
  auto names = folder / "names";  // written last: it says that certificate and key belong together
  if (fs::exists(names) && read_file(names) == host) return result;
  remove_all(names);
  Authority::Issued issued;
  {
    std::lock_guard lock(authority_mutex_);
    issued = authority_.issue_server(server_name, {host});
  }
  write_file(result.certificate, issued.certificate_pem);
  write_file(result.key, issued.key_pem, 0600);
  write_file(names, host);
  return result;
}

}  // namespace gyre
