#include <cstdio>

#include "base/command.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::value made = context.api().call("POST", "/api/users", values);
  if (context.json)
    context.print(made);
  else
    std::printf("%s\n", get_string(made, "token").c_str());
  return 0;
}

extern const Command command_user_add;
const Command command_user_add{.words = "user add",
                               .help = "Add a user and print a token, which is shown this once",
                               .arguments = {{"name", FieldType::text, "the user", nullptr, {.required = true}}},
                               .options = {{"role",
                                            FieldType::text,
                                            "what they may do everywhere",
                                            "reader",
                                            {.choices = {"none", "reader", "contributor", "owner"}}},
                                           {"admin", FieldType::boolean, "may add and remove users too", false}},
                               .run = run};

}  // namespace gyre
