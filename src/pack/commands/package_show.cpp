#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value package = context.api().call("GET", "/api/packages/" + get_string(values, "package"));
  if (context.json) {
    context.print(package);
    return 0;
  }
  std::printf("image    %s\n", get_string(package, "image").c_str());
  std::printf("model    %s\n", get_string(package, "model").c_str());
  std::printf("signed   by key %s, pushed %s\n", get_string(package, "key").c_str(),
              get_string(package, "pushed_at").c_str());
  std::printf("size     %s\n", short_size(get_number(package, "bytes")).c_str());
  if (find(package, "former"))
    std::printf("update   %s for a device with the former one\n",
                short_size(get_number(package, "update_bytes")).c_str());
  for (auto& layer : package.at("layers").as_array())
    std::printf("  layer  %s  %s\n", get_string(layer, "digest").substr(7, 12).c_str(),
                short_size(get_number(layer, "size")).c_str());
  return 0;
}

extern const Command command_package_show;
const Command command_package_show{
    .words = "package show",
    .help = "Say what a signed image holds",
    .arguments = {{"package", FieldType::text, "NAME (the newest) or NAME@sha256:...", nullptr, {.required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre
