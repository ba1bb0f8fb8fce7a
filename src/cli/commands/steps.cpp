#include <cstdio>

#include "base/command.hpp"
#include "base/step.hpp"
#include "cli/terminal.hpp"

namespace gyre {

static int run(const json::object&, CommandContext& context) {
  if (context.json) {
    json::array steps;
    for (auto& entry : all_steps())
      steps.push_back({{"name", entry.step->name},
                       {"command", entry.step->command},
                       {"group", entry.step->group},
                       {"program", entry.program},
                       {"help", entry.step->help}});
    context.print(steps);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"step", "command", "what it does"}};
  for (auto& entry : all_steps())
    rows.push_back(
        {entry.step->name, "gyre " + entry.step->command, entry.step->help.substr(0, entry.step->help.find('\n'))});
  std::fputs(table(rows, context.terminal).c_str(), stdout);
  return 0;
}

extern const Command command_steps{
    .words = "steps", .help = "List the steps that pipelines are made of", .arguments = {}, .options = {}, .run = run};

}  // namespace gyre
