#include <cstdio>

#include "base/command.hpp"
#include "base/http_client.hpp"
#include "fleet/words.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value twin = context.api().call("GET", "/api/devices/" + percent_encode(get_string(values, "name")));
  if (context.json)
    context.print(twin);
  else
    std::printf("%s", device_in_words(twin).c_str());
  return 0;
}

extern const Command command_device_show;
const Command command_device_show{.words = "device show",
                                  .help = "What a device is to run and what it says",
                                  .arguments = {{"name", FieldType::text, "the device", nullptr, {.required = true}}},
                                  .options = {},
                                  .run = run};

}  // namespace gyre
