#include <cstdio>

#include "base/command.hpp"
#include "model/describe.hpp"
#include "model/locate.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  LocatedModel model(get_string(values, "model"), context);
  auto description = describe_model(model.path());
  description["file"] = get_string(values, "model");
  if (context.json)
    context.print(description);
  else
    std::fputs(in_words(description).c_str(), stdout);
  return 0;
}

extern const Command command_model_show;
const Command command_model_show{
    .words = "model show",
    .help = "Say what a model takes and gives, where it came from, and whether it runs right here",
    .arguments = {{"model", FieldType::text, "a file, or NAME, NAME@3, NAME@champion", nullptr, {.required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre
