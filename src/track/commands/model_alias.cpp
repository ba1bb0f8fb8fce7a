#include <cstdio>

#include "base/command.hpp"
#include "base/http_client.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  std::string model = get_string(values, "model"), alias = get_string(values, "alias");
  std::string path = "/api/models/" + percent_encode(model) + "/aliases/" + percent_encode(alias);
  std::int64_t version = get_int(values, "version");
  bool remove = get_bool(values, "delete");
  if (!remove && version == 0)
    throw Error(Code::invalid, "a version is missing", "gyre model alias " + model + " " + alias + " 3");
  json::value answer =
      remove ? context.api().call("DELETE", path) : context.api().call("PUT", path, {{"version", version}});
  if (context.json)
    context.print(answer);
  else if (remove)
    std::printf("%s@%s is gone\n", model.c_str(), alias.c_str());
  else
    std::printf("%s@%s is version %lld\n", model.c_str(), alias.c_str(), static_cast<long long>(version));
  return 0;
}

extern const Command command_model_alias;
const Command command_model_alias{.words = "model alias",
                                  .help = "Point an alias, such as champion, to a version of a model",
                                  .arguments = {{"model", FieldType::text, "its name", nullptr, {.required = true}},
                                                {"alias", FieldType::text, "the alias", nullptr, {.required = true}},
                                                {"version", FieldType::integer, "the version's number", 0, {.min = 0}}},
                                  .options = {{"delete", FieldType::boolean, "take the alias away", false}},
                                  .run = run};

}  // namespace gyre
