#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"

namespace gyre {

static int run(const json::object&, CommandContext& context) {
  json::value answer = context.api().call("GET", "/api/many");
  if (context.json) return context.print(answer), 0;
  for (auto& run : answer.at("many").as_array())
    std::printf("%-24s %6lld models  %4lld failed  %s\n", get_string(run, "name").c_str(),
                static_cast<long long>(get_int(run, "models")), static_cast<long long>(get_int(run, "failed")),
                iso_time(get_int(run, "at")).c_str());
  return 0;
}

extern const Command command_many_list;
const Command command_many_list{
    .words = "many list", .help = "What was learned by gyre many, by name", .arguments = {}, .options = {}, .run = run};

}  // namespace gyre
