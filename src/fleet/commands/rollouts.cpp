#include <cstdio>

#include "base/command.hpp"
#include "track/show.hpp"

namespace gyre {

static int run(const json::object&, CommandContext& context) {
  json::value answer = context.api().call("GET", "/api/rollouts");
  if (context.json) {
    context.print(answer);
    return 0;
  }
  auto& rollouts = answer.at("rollouts").as_array();
  if (rollouts.empty()) {
    std::printf("no roll-out yet; start one: gyre deploy APP --image NAME@sha256:...\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"NUMBER", "APP", "STATE", "STARTED", "IMAGE", ""}};
  for (auto& rollout : rollouts) {
    auto* reason = find(rollout, "reason");
    rows.push_back({std::to_string(get_int(rollout, "id")), get_string(rollout, "app"), get_string(rollout, "state"),
                    get_string(rollout, "created_at"), get_string(rollout, "image"),
                    reason && reason->is_string() ? std::string(reason->get_string()) : ""});
  }
  std::printf("%s", columns(rows).c_str());
  return 0;
}

extern const Command command_rollouts;
const Command command_rollouts{
    .words = "rollouts", .help = "Every roll-out, newest first", .arguments = {}, .options = {}, .run = run};

}  // namespace gyre
