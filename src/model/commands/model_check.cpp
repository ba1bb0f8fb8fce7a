#include <cstdio>

#include "base/command.hpp"
#include "model/describe.hpp"
#include "model/locate.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  LocatedModel model(get_string(values, "model"), context);
  auto description = check_model(model.path());
  auto& golden = description.at("golden");
  if (context.json)
    context.print(golden);
  else
    std::printf("right: %lld golden examples, largest difference %g\n",
                static_cast<long long>(get_int(golden, "examples")), get_number(golden, "difference"));
  return 0;
}

extern const Command command_model_check;
const Command command_model_check{
    .words = "model check",
    .help = "Run a model's golden inputs here: an error unless it gives the answers it gave when it was made",
    .arguments = {{"model", FieldType::text, "a file, or NAME, NAME@3, NAME@champion", nullptr, {.required = true}}},
    .options = {},
    .run = run};

}  // namespace gyre
