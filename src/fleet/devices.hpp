#pragma once
// The devices of a workspace and their twins, as rows. Every change of a twin is kept.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fleet/twin.hpp"
#include "store/workspace.hpp"

namespace gyre {

struct Device {
  std::string name;
  std::string ring;
  std::string state;  // active | revoked
  std::string serial;
  std::int64_t etag = 0;
  json::object tags;
  TwinSection desired;
  TwinSection reported;
  std::int64_t added_at = 0;
  std::optional<std::int64_t> seen_at;

  // Its entry below "modules" of a section; nullptr when there is none.
  static const json::object* module(const TwinSection& section, std::string_view app);
  static const json::object* module(TwinSection&& section, std::string_view app) = delete;
};

// Error{invalid} unless it can be a certificate's CN, an MQTT topic's part and a folder: letters, digits, . _ -
void check_device_name(std::string_view name);

class Devices {
 public:
  explicit Devices(Workspace& workspace) : workspace_(workspace) {}
  // Told of a device whose desired section is another, inside the transaction that makes it so.
  void on_desired(std::function<void(const std::string& device)> changed) { desired_changed_ = std::move(changed); }

  Device add(const std::string& name, const std::string& ring, const std::string& serial, const json::object& desired,
             const std::string& who);
  std::optional<Device> find(const std::string& name);
  Device get(const std::string& name);                   // Error{not_found}
  std::vector<Device> list();                            // by name
  std::vector<Device> in_ring(const std::string& ring);  // active ones
  void remove(const std::string& name, const std::string& who);
  void set_revoked(const std::string& name, const std::string& who);
  void set_ring(const std::string& name, const std::string& ring, const std::string& who);

  // Merge patches; false when nothing changed.
  bool patch_desired(const std::string& name, const json::object& patch, const std::string& who);
  bool patch_reported(const std::string& name, const json::object& patch);
  bool patch_tags(const std::string& name, const json::object& patch, const std::string& who);
  void seen(const std::string& name, std::int64_t at);
  // Newest first: {"section","version","at","who","patch"}.
  json::array history(const std::string& name, std::int64_t limit);

 private:
  bool patch(const std::string& name, const char* section, const json::object& patch, const std::string& who);
  Workspace& workspace_;
  std::function<void(const std::string&)> desired_changed_;
};

}  // namespace gyre
