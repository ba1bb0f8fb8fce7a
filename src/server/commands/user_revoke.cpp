#include <cstdio>

#include "base/command.hpp"
#include "base/http_client.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  context.api().call("DELETE", "/api/users/" + percent_encode(get_string(values, "name")) + "/tokens/" +
                                   percent_encode(get_string(values, "label")));
  if (context.json) context.print(json::object());
  return 0;
}

extern const Command command_user_revoke;
const Command command_user_revoke{
    .words = "user revoke",
    .help = "Take one of a user's tokens away",
    .arguments = {{"name", FieldType::text, "the user", nullptr, {.required = true}},
                  {"label", FieldType::text, "the token's label", nullptr, {.required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre
