#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/file.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  std::string package = get_string(values, "package");
  json::object body;
  if (fs::exists(package))
    body["path"] = fs::absolute(package).string();
  else
    body["package"] = package;
  if (std::string name = string_or(values, "name", ""); !name.empty()) body["name"] = name;
  json::value pushed = context.api().call("POST", "/api/packages", body);
  if (context.json) {
    context.print(pushed);
    return 0;
  }
  std::printf("%s\n%s in %zu layers, signed by key %s\n", get_string(pushed, "image").c_str(),
              short_size(get_number(pushed, "bytes")).c_str(), pushed.at("layers").as_array().size(),
              get_string(pushed, "key").c_str());
  if (find(pushed, "former"))
    std::printf("a device with the former one downloads %s\n", short_size(get_number(pushed, "update_bytes")).c_str());
  return 0;
}

extern const Command command_package_push;
const Command command_package_push{
    .words = "package push",
    .help = "Sign an image with the workspace's key and publish it in the registry",
    .arguments = {{"package",
                   FieldType::text,
                   "a folder that `gyre package` made, an asset, or a digest",
                   nullptr,
                   {.required = true}}},
    .options = {{"name", FieldType::text, "repository; the image's own name when left out", "", {}}},
    .run = run};

}  // namespace gyre
