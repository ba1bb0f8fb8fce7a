#include <cstdio>

#include "base/command.hpp"
#include "base/http_client.hpp"

namespace gyre {

static std::string experiment_id(Api& api, const std::string& name) {
  json::value found =
      api.call("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=" + percent_encode(name));
  return get_string(found.at("experiment"), "experiment_id");
}

static int run(const json::object& values, CommandContext& context) {
  json::object body{{"role", values.at("role")}};
  std::string experiment = get_string(values, "experiment"), model = get_string(values, "model");
  if (!experiment.empty() && !model.empty())
    throw Error(Code::invalid, "--experiment and --model together", "give one role at a time");
  if (!experiment.empty()) body["experiment"] = experiment_id(context.api(), experiment);
  if (!model.empty()) body["model"] = model;
  json::value answer =
      context.api().call("PUT", "/api/users/" + percent_encode(get_string(values, "name")) + "/role", body);
  if (context.json) context.print(answer);
  return 0;
}

extern const Command command_user_role;
const Command command_user_role{
    .words = "user role",
    .help = "Say what a user may do, everywhere or on one experiment or model",
    .arguments = {{"name", FieldType::text, "the user", nullptr, {.required = true}},
                  {"role",
                   FieldType::text,
                   "none takes it away",
                   nullptr,
                   {.choices = {"none", "reader", "contributor", "owner"}, .required = true}}},
    .options = {{"experiment", FieldType::text, "only on this one, by name", ""},
                {"model", FieldType::text, "only on this one", ""}},
    .run = run};

}  // namespace gyre
