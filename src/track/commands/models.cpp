#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "track/show.hpp"

namespace gyre {

static int run(const json::object&, CommandContext& context) {
  json::value answer = context.api().call("GET", "/api/models");
  if (context.json) {
    context.print(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"MODEL", "VERSIONS", "NEWEST", "ALIASES", "CHANGED"}};
  for (auto& model : answer.at("models").as_array()) {
    std::string aliases;
    for (auto& alias : model.at("aliases").as_object())
      aliases += (aliases.empty() ? "" : ", ") + std::string(alias.key()) + " " + canonical(alias.value());
    rows.push_back({get_string(model, "name"), canonical(model.at("versions")), canonical(model.at("newest")), aliases,
                    iso_time(get_int(model, "updated_at"))});
  }
  if (rows.size() == 1)
    std::printf("no models yet: gyre model register NAME DIGEST keeps one\n");
  else
    std::fputs(columns(rows).c_str(), stdout);
  return 0;
}

extern const Command command_models;
const Command command_models{
    .words = "models", .help = "List the registered models", .arguments = {}, .options = {}, .run = run};

}  // namespace gyre
