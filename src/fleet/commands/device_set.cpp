#include <cstdio>

#include "base/command.hpp"
#include "base/http_client.hpp"
#include "fleet/twin.hpp"
#include "fleet/words.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::object patch, desired, tags;
  for (auto& assignment : json::value_to<std::vector<std::string>>(values.at("assignments"))) {
    if (assignment.starts_with("tags."))
      add_assignment(tags, assignment.substr(5));
    else if (assignment.starts_with("ring="))
      patch["ring"] = assignment.substr(5);
    else
      add_assignment(desired, assignment);
  }
  if (!desired.empty()) patch["desired"] = std::move(desired);
  if (!tags.empty()) patch["tags"] = std::move(tags);
  json::value twin = context.api().call("PATCH", "/api/devices/" + percent_encode(get_string(values, "name")), patch);
  if (context.json)
    context.print(twin);
  else
    std::printf("%s", device_in_words(twin).c_str());
  return 0;
}

extern const Command command_device_set;
const Command command_device_set{
    .words = "device set",
    .help = "Change what a device is to do: path=value in its desired twin, tags.NAME=value, ring=NAME",
    .arguments = {{"name", FieldType::text, "the device", nullptr, {.required = true}},
                  {"assignments",
                   FieldType::list,
                   "such as gather.camera.every=10; null takes away",
                   nullptr,
                   {.required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre
