#include <cstdio>

#include "base/command.hpp"

namespace gyre {

static int run(const json::object&, CommandContext& context) {
  json::value answer = context.api().call("GET", "/api/users");
  if (context.json) {
    context.print(answer);
    return 0;
  }
  for (auto& user : answer.at("users").as_array()) {
    std::printf("%s: %s%s\n", get_string(user, "name").c_str(), get_string(user, "role").c_str(),
                get_bool(user, "admin") ? ", admin" : "");
    for (auto& role : user.at("roles").as_array())
      std::printf("  %s of %s %s\n", get_string(role, "role").c_str(), get_string(role, "kind").c_str(),
                  get_string(role, "subject").c_str());
    for (auto& token : user.at("tokens").as_array()) std::printf("  token %s\n", get_string(token, "label").c_str());
  }
  return 0;
}

extern const Command command_user_list;
const Command command_user_list{.words = "user list",
                                .help = "Users, what they may do, and their tokens by label",
                                .arguments = {},
                                .options = {},
                                .run = run};

}  // namespace gyre
