#include <cstdio>

#include "base/command.hpp"
#include "base/http_client.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value made = context.api().call("POST", "/api/users/" + percent_encode(get_string(values, "name")) + "/tokens",
                                        {{"label", values.at("label")}});
  if (context.json)
    context.print(made);
  else
    std::printf("%s\n", get_string(made, "token").c_str());
  return 0;
}

extern const Command command_user_token;
const Command command_user_token{.words = "user token",
                                 .help = "Make another token for a user and print it, this once",
                                 .arguments = {{"name", FieldType::text, "the user", nullptr, {.required = true}}},
                                 .options = {{"label", FieldType::text, "what it is for", nullptr, {.required = true}}},
                                 .run = run};

}  // namespace gyre
