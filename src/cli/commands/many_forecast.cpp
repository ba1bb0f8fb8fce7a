#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"
#include "base/http_client.hpp"
#include "cli/follow.hpp"
#include "cli/run_as_command.hpp"

namespace gyre {

// With newer data: the models answer anew, where they lie; nothing is registered.
static void forecast_from(Api& api, const json::object& values, const fs::path& out, bool quiet) {
  json::value kept = api.call("GET", "/api/many/" + percent_encode(get_string(values, "name")));
  json::object inputs{{"data", reference_of(get_string(values, "data"))}, {"models", kept.at("content")}};
  json::object options{{"format", out.extension() == ".parquet" ? "parquet" : "csv"}};
  json::object node{{"step", "many-forecast"}, {"options", options}, {"inputs", inputs}};
  json::object nodes{{"many-forecast", node}}, pipeline{{"name", "many-forecast"}, {"nodes", nodes}};
  json::object status = follow_pipeline(api, {{"pipeline", pipeline}}, {.quiet = quiet});
  auto& outputs = status.at("nodes").as_array().at(0).at("outputs").as_object();
  TemporaryFolder folder(fs::absolute(out).parent_path());
  copy_out(api, get_string(outputs, "forecasts"), folder.path() / "made");
  fs::rename(
      folder.path() / "made" / ("forecasts" + (out.extension() == ".parquet" ? out.extension().string() : ".csv")),
      out);
}

static int run(const json::object& values, CommandContext& context) {
  fs::path out = get_string(values, "out");
  if (get_string(values, "data").empty())
    context.api().download("/api/many/" + percent_encode(get_string(values, "name")) + "/forecasts", out);
  else
    forecast_from(context.api(), values, out, context.json);
  if (context.json)
    context.print({{"forecasts", out.string()}});
  else
    std::printf("forecasts: %s\n", out.c_str());
  return 0;
}

extern const Command command_many_forecast;
const Command command_many_forecast{
    .words = "many forecast",
    .help = "The forecasts of every partition, as they were made or, with --data, what the models say after newer rows",
    .arguments = {{"name", FieldType::text, "as given to gyre many --name", "", {.required = true}, {}}},
    .options = {{"data", FieldType::text, "newer rows: a CSV or Parquet file, or NAME of data", "", {}, {}},
                {"out", FieldType::text, "the file to write, .csv or .parquet", "", {.required = true}, {}}},
    .run = run};

}  // namespace gyre
