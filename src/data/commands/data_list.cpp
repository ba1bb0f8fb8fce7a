#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value answer = context.api().call("GET", get_bool(values, "all") ? "/api/assets?all=true" : "/api/assets");
  auto& assets = answer.at("assets").as_array();
  if (context.json) {
    context.print(answer);
    return 0;
  }
  for (auto& asset : assets) {
    std::string name = get_string(asset, "name") + "@" + std::to_string(get_int(asset, "version"));
    std::printf("%-28s %-8s %10s  %s\n", name.c_str(), get_string(asset, "type").c_str(),
                short_size(get_number(asset, "bytes")).c_str(), get_string(asset, "created_at").c_str());
  }
  if (assets.empty()) std::printf("nothing yet; `gyre gather folder` takes pictures from a folder\n");
  return 0;
}

extern const Command command_data_list{
    .words = "data list",
    .help = "Named data: data sets, labels, what steps made",
    .arguments = {},
    .options = {{"all", FieldType::boolean, "every version, not the newest only", false, {}, {}}},
    .run = run};

}  // namespace gyre
