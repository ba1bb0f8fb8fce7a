#include <cstdio>

#include "base/command.hpp"
#include "track/show.hpp"

namespace gyre {

static int run(const json::object&, CommandContext& context) {
  json::value answer = context.api().call("GET", "/api/devices");
  if (context.json) {
    context.print(answer);
    return 0;
  }
  auto& devices = answer.at("devices").as_array();
  if (devices.empty()) {
    std::printf("no device yet; add one: gyre device add NAME --ring test --out DIR\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"DEVICE", "RING", "STATE", "", "MODULES"}};
  for (auto& device : devices) {
    std::string modules;
    if (auto* reported = find(device, "modules"))
      for (auto& member : reported->as_object())
        modules +=
            (modules.empty() ? "" : ", ") + std::string(member.key()) + " " + string_or(member.value(), "state", "?");
    rows.push_back({get_string(device, "name"), get_string(device, "ring"), get_string(device, "state"),
                    get_bool(device, "online") ? "online" : "offline", modules});
  }
  std::printf("%s", columns(rows).c_str());
  return 0;
}

extern const Command command_devices;
const Command command_devices{.words = "devices",
                              .help = "Every device: ring, whether it is there, what runs on it",
                              .arguments = {},
                              .options = {},
                              .run = run};

}  // namespace gyre
