#pragma once
// The fleet of a workspace: devices, what they send, roll-outs. It works on rows and keys alone; FleetService adds the
// broker and the bus.
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/crypto.hpp"
#include "fleet/inbox.hpp"
#include "fleet/rollouts.hpp"

namespace gyre {

// Where devices find the server. Kept in the workspace, so that a device can be added while no server runs.
struct FleetAddresses {
  std::string host = "127.0.0.1";  // of the broker
  int port = 8883;
  std::string registry = "http://127.0.0.1:7081";
};

class Fleet {
 public:
  explicit Fleet(Workspace& workspace);

  Workspace& workspace() { return workspace_; }
  Devices& devices() { return devices_; }
  Inbox& inbox() { return inbox_; }
  Rollouts& rollouts() { return rollouts_; }
  FleetAddresses addresses() const;
  void set_addresses(const FleetAddresses& addresses);

  // A device, its certificate, and what the rings run for it. The files that it needs, by name, are given once: its
  // private key is not kept here.
  json::object add_device(const std::string& name, const std::string& ring, const std::string& who);
  // Its certificate is worthless from now on and its connection is cut.
  void revoke_device(const std::string& name, const std::string& who);
  void move_device(const std::string& name, const std::string& ring, const std::string& who);

  void set_online(const std::string& device, bool online);
  bool online(const std::string& device) const;

  // The server's own certificate for the broker and the bus: made when absent or when the host is new.
  struct Certificates {
    std::filesystem::path ca, revoked, certificate, key;
  };
  Certificates server_certificates();
  static constexpr const char* server_name = "gyre-server";

  // What the service wants to know. Called from any thread, inside transactions too; they must be quick and not call
  // back.
  struct Hooks {
    std::function<void(const std::string& device)> desired;  // its desired twin is another
    std::function<void(const std::string& device)> revoked;
    std::function<void()> wake;  // something may go on: a roll-out, a device
  };
  void connect(Hooks hooks);  // empty: nobody listens any more, when this returns
  void wake();

 private:
  Workspace& workspace_;
  Devices devices_;
  Inbox inbox_;
  Rollouts rollouts_;
  std::mutex authority_mutex_;  // one certificate at a time
  Authority authority_;
  std::mutex hooks_mutex_;
  Hooks hooks_;
  mutable std::mutex online_mutex_;
  std::map<std::string, bool> online_;
};

}  // namespace gyre
