#include <cstdio>

#include "base/command.hpp"
#include "base/http_client.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  context.api().call("DELETE", "/api/users/" + percent_encode(get_string(values, "name")));
  if (context.json) context.print(json::object());
  return 0;
}

extern const Command command_user_remove;
const Command command_user_remove{.words = "user remove",
                                  .help = "Remove a user; their tokens are refused from now on",
                                  .arguments = {{"name", FieldType::text, "the user", nullptr, {.required = true}}},
                                  .options = {},
                                  .run = run};

}  // namespace gyre
