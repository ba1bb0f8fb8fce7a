#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/http_client.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  std::string model = get_string(values, "model"), file = get_string(values, "file");
  auto& api = context.api();
  std::string path = "/api/models/" + percent_encode(model) + "/versions";
  json::value answer;
  if (!is_digest(file) && !fs::exists(file) && file.find('/') == std::string::npos)
    file = get_string(api.call("GET", "/api/assets/" + percent_encode(file)), "digest");
  if (is_digest(file)) {
    json::object body{{"digest", file}};
    if (std::string run = get_string(values, "run"); !run.empty()) body["lineage"] = {{"run", run}};
    answer = api.call("POST", path, body);
  } else {
    if (!get_string(values, "run").empty())
      throw Error(Code::invalid, "--run needs a digest",
                  "a run's outputs are in the workspace: gyre runs show lists their digests");
    answer = api.upload("PUT", path, file);
  }
  if (std::string alias = get_string(values, "alias"); !alias.empty())
    api.call("PUT", "/api/models/" + percent_encode(model) + "/aliases/" + percent_encode(alias),
             {{"version", answer.at("version")}});
  if (context.json)
    context.print(answer);
  else
    std::printf("%s@%s\n", model.c_str(), canonical(answer.at("version")).c_str());
  return 0;
}

extern const Command command_model_register;
const Command command_model_register{
    .words = "model register",
    .help = "Register a model file under a name; the same file again is the same version",
    .arguments = {{"model", FieldType::text, "the name", nullptr, {.required = true}},
                  {"file",
                   FieldType::text,
                   "an ONNX file, or the name or digest of one in the workspace",
                   nullptr,
                   {.required = true}}},
    .options = {{"run", FieldType::text, "id of the run that made it", ""},
                {"alias", FieldType::text, "alias to point to it", ""}},
    .run = run};

}  // namespace gyre
