#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/http_client.hpp"
#include "track/show.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value answer = context.api().call("GET", "/api/models/" + percent_encode(get_string(values, "model")));
  if (context.json) {
    context.print(answer);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{
      {"VERSION", "ALIASES", "METRICS", "RESULTS", "RUN", "DIGEST", "REGISTERED"}};
  for (auto& version : answer.at("versions").as_array()) {
    std::string aliases, results;
    for (auto& alias : version.at("aliases").as_array())
      aliases += (aliases.empty() ? "" : ", ") + std::string(alias.as_string());
    for (auto& result : version.at("results").as_array())
      results += (results.empty() ? "" : ", ") + get_string(result, "kind");
    std::string digest = get_string(version, "digest");
    rows.push_back({canonical(version.at("version")), aliases, metrics_line(version.at("metrics"), 3), results,
                    get_string(version, "run_id").substr(0, 8),
                    digest.empty() ? get_string(version, "source") : digest.substr(7, 12),
                    iso_time(get_int(version, "created_at"))});
  }
  std::fputs(columns(rows).c_str(), stdout);
  return 0;
}

extern const Command command_model_versions;
const Command command_model_versions{.words = "model versions",
                                     .help = "List the versions of a model",
                                     .arguments = {{"model", FieldType::text, "its name", nullptr, {.required = true}}},
                                     .options = {},
                                     .run = run};

}  // namespace gyre
