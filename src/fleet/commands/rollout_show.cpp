#include <cstdio>

#include "base/command.hpp"
#include "fleet/words.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value rollout = context.api().call("GET", "/api/rollouts/" + std::to_string(get_int(values, "number")));
  if (context.json)
    context.print(rollout);
  else
    std::printf("%s", rollout_in_words(rollout).c_str());
  return 0;
}

extern const Command command_rollout_show;
const Command command_rollout_show{
    .words = "rollout show",
    .help = "A roll-out: its gate, its devices, why it went back",
    .arguments = {{"number", FieldType::integer, "its number (gyre rollouts)", nullptr, {.min = 1, .required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre
