#include <cstdio>

#include "base/command.hpp"

namespace gyre {

static int run(const json::object&, CommandContext& context) {
  json::value made = context.api().call("GET", "/api/audit/checkpoint");
  if (context.json)
    context.print(made);
  else
    std::fputs(get_string(made, "note").c_str(), stdout);
  return 0;
}

extern const Command command_audit_checkpoint;
const Command command_audit_checkpoint{
    .words = "audit checkpoint",
    .help = "Print the audit log's state as a signed note: kept elsewhere, it proves later what was there",
    .arguments = {},
    .options = {},
    .run = run};

}  // namespace gyre
