#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"

namespace gyre {

static int run(const json::object&, CommandContext& context) {
  json::value answer = context.api().call("GET", "/api/packages");
  if (context.json) {
    context.print(answer);
    return 0;
  }
  auto& packages = answer.at("packages").as_array();
  if (packages.empty()) std::printf("no packages yet: gyre package makes one, gyre package push publishes it\n");
  for (auto& package : packages)
    std::printf("%-24s %s  %9s  update %9s  %s\n", get_string(package, "name").c_str(),
                get_string(package, "digest").substr(7, 12).c_str(), short_size(get_number(package, "bytes")).c_str(),
                short_size(get_number(package, "update_bytes")).c_str(), get_string(package, "pushed_at").c_str());
  return 0;
}

extern const Command command_packages;
const Command command_packages{
    .words = "packages", .help = "List signed images, newest first", .arguments = {}, .options = {}, .run = run};

}  // namespace gyre
