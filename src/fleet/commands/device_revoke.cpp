#include <cstdio>

#include "base/command.hpp"
#include "base/http_client.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  std::string name = get_string(values, "name"), path = "/api/devices/" + percent_encode(name);
  json::value device = context.api().call("POST", path + "/revoke");
  bool forget = get_bool(values, "forget");
  if (forget) context.api().call("DELETE", path);
  if (context.json)
    context.print(device);
  else
    std::printf("device %s: its certificate is worthless now%s\n", name.c_str(), forget ? ", and it is forgotten" : "");
  return 0;
}

extern const Command command_device_revoke;
const Command command_device_revoke{
    .words = "device revoke",
    .help = "Shut a device out: its certificate is refused and its connection cut",
    .arguments = {{"name", FieldType::text, "the device", nullptr, {.required = true}}},
    .options =
        {{"forget", FieldType::boolean, "also drop its twin and history, so that the name is free again", false, {}}},
    .run = run};

}  // namespace gyre
