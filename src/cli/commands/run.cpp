#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"
#include "cli/follow.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  fs::path file = get_string(values, "file");
  json::object parameters;
  for (auto& item : values.at("set").as_array()) {
    std::string pair(item.as_string());
    auto equals = pair.find('=');
    if (equals == std::string::npos) throw Error(Code::invalid, "--set " + pair + " is not NAME=VALUE");
    json::error_code no_json;
    json::value value = json::parse(pair.substr(equals + 1), no_json);
    parameters[pair.substr(0, equals)] = no_json ? json::value(json::string(pair.substr(equals + 1))) : value;
  }
  json::object body{
      {"yaml", read_file(file)}, {"where", file.string()}, {"parameters", parameters}, {"fresh", values.at("fresh")}};
  json::object status = follow_pipeline(context.api(), body, {.quiet = context.json});
  if (context.json)
    context.print(status);
  else
    std::printf("%s: %s\n", get_string(status, "name").c_str(), get_string(status, "state").c_str());
  return get_string(status, "state") == "done" ? 0 : row_of(Code::cancelled).exit_code;
}

extern const Command command_run{
    .words = "run",
    .help = "Run a pipeline; what was done before with the same content is not done again",
    .arguments = {{"file", FieldType::text, "the pipeline as YAML", nullptr, {.required = true}}},
    .options = {{"set", FieldType::list, "a parameter, NAME=VALUE; may be repeated", json::array()},
                {"fresh", FieldType::boolean, "ignore what was done before", false}},
    .run = run};

}  // namespace gyre
