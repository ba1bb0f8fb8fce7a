#include <cstdio>

#include "base/command.hpp"

namespace gyre {

namespace {

int run(const json::object& values, CommandContext& context) {
  std::string name = get_string(values, "name");
  json::value body{{"name", name}, {"module", get_string(values, "module")}};
  json::value answer = context.api().call("POST", "/api/queue/export", body);
  if (context.json) {
    context.print(answer);
    return 0;
  }
  auto version = [&](std::string_view what) { return std::to_string(get_int(answer.at(what), "version")); };
  std::printf("%lld samples: %s@%s, their labels: %s-labels@%s\n", static_cast<long long>(get_int(answer, "samples")),
              name.c_str(), version("data").c_str(), name.c_str(), version("labels").c_str());
  return 0;
}

}  // namespace

extern const Command command_queue_export{
    .words = "queue export",
    .help = "Keep the labelled samples of the queue as data, for the next training",
    .arguments =
        {{"name", FieldType::text, "under which name; the labels become NAME-labels", "", {.required = true}, {}}},
    .options = {{"module", FieldType::text, "samples of one module only", "", {}, {}}},
    .run = run};

}  // namespace gyre
