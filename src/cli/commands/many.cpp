// gyre many: a model for each partition of a table, every one registered.
#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "base/file.hpp"
#include "base/http_client.hpp"
#include "base/step.hpp"
#include "cli/follow.hpp"
#include "cli/run_as_command.hpp"

namespace gyre {

namespace {

const Step& many_step() { return get_step("many"); }

std::vector<Field> options_of_command() {
  std::vector<Field> fields{
      {"name", FieldType::text, "what the models are registered under; the file's name when left out", "", {}, {}},
      {"out", FieldType::text, "file to write the forecasts to as well", "", {}, {}},
      {"holidays", FieldType::text, "days that are not like others: a CSV file with date,name", "", {}, {}},
      {"fresh", FieldType::boolean, "do it even when the same was done before", false, {}, {}}};
  for (auto& field : many_step().fields) fields.push_back(field);
  return fields;
}

// The content of the run before, when models shall be kept from it.
json::value former_of(Api& api, const std::string& name, const json::object& options) {
  bool keeps = false;
  for (auto flag : {"only-changed", "only-drifted", "only-failed"}) keeps |= get_bool(options, flag);
  if (!keeps) return nullptr;
  json::value all = api.call("GET", "/api/many");
  for (auto& run : all.at("many").as_array())
    if (get_string(run, "name") == name) return run.at("content");
  throw Error(Code::not_found, "there is no run named " + name + " to keep models from",
              "run it once without --only-changed, --only-drifted and --only-failed");
}

int run(const json::object& values, CommandContext& context) {
  std::string data = get_string(values, "data"), name = get_string(values, "name");
  if (data.empty())
    throw Error(Code::invalid, "the data is missing", "gyre many FILE --time COLUMN --target COLUMN ...");
  if (name.empty()) name = fs::path(data).stem().string();
  json::object options;
  for (auto& field : many_step().fields) options[field.name] = values.at(field.name);
  Api& api = context.api();
  json::object inputs{{"data", reference_of(data)}};
  if (auto former = former_of(api, name, options); !former.is_null()) inputs["former"] = former;
  if (auto holidays = get_string(values, "holidays"); !holidays.empty()) inputs["holidays"] = reference_of(holidays);
  json::object node{{"step", "many"}, {"options", options}, {"inputs", inputs}};
  json::object nodes{{"many", node}}, pipeline{{"name", "many"}, {"nodes", nodes}};
  json::object body{{"pipeline", pipeline}, {"fresh", values.at("fresh")}};
  double began = seconds_since_start();
  json::object status = follow_pipeline(api, body, {.quiet = context.json});
  auto& outputs = status.at("nodes").as_array().at(0).at("outputs").as_object();
  std::string url = "/api/many/" + percent_encode(name);
  json::value kept = api.call("POST", url, {{"content", get_string(outputs, "models")}});
  if (auto out = get_string(values, "out"); !out.empty()) api.download(url + "/forecasts", out);
  if (context.json) {
    context.print(kept);
  } else {
    std::printf("%lld models registered as %s.*, %lld partitions without, in %s\n",
                static_cast<long long>(get_int(kept, "registered")), name.c_str(),
                static_cast<long long>(get_int(kept, "failed")), short_duration(seconds_since_start() - began).c_str());
    if (get_int(kept, "failed"))
      std::printf("`gyre many show %s --failed` says why; --only-failed tries these alone again\n", name.c_str());
  }
  return get_int(kept, "registered") ? 0 : row_of(Code::conflict).exit_code;
}

}  // namespace

extern const Command command_many;
const Command command_many{
    .words = "many",
    .help =
        "Learn, judge and register a forecasting model for each partition of a table\n\nLearners are compared by "
        "rolling back-test in each partition, the best is fitted to all of its history, becomes an ONNX file and "
        "a registered model NAME.VALUE.VALUE, and forecasts. What was killed goes on when it is started again.",
    .arguments = {{"data", FieldType::text, "a CSV or Parquet file, or NAME of data", "", {}, {}}},
    .options = options_of_command(),
    .run = run};

}  // namespace gyre
