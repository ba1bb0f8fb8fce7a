// gyre model int8: the 8-bit variant of a registered version, made, validated, and registered with what it loses.
#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"
#include "base/http_client.hpp"
#include "base/step.hpp"
#include "cli/follow.hpp"
#include "cli/run_as_command.hpp"

namespace gyre {

namespace {

const Step& quantise_step() { return get_step("quantise"); }

std::vector<Field> options_of_command() {
  std::vector<Field> fields{{"fresh", FieldType::boolean, "do it even when the same was done before", false, {}, {}}};
  for (auto& field : quantise_step().fields) fields.push_back(field);
  return fields;
}

// Made from the training side, then judged on the held-back part beside the float model, as `gyre validate data` does.
json::object pipeline_of(const json::object& values, const std::string& model) {
  json::object options;
  for (auto& field : quantise_step().fields) options[field.name] = values.at(field.name);
  json::object inputs{{"data", reference_of(get_string(values, "data"))},
                      {"labels", reference_of(get_string(values, "labels"))}};
  json::object made = inputs, judged = inputs;
  made["model"] = judged["champion"] = model;
  judged["model"] = "quantise.model";
  json::object nodes{
      {"quantise", {{"step", "quantise"}, {"options", options}, {"inputs", made}}},
      {"evaluate", {{"step", "evaluate"}, {"options", {{"hold", values.at("hold")}}}, {"inputs", judged}}}};
  return {{"name", "model int8"}, {"nodes", nodes}};
}

json::value report_of(const json::object& status, Api& api) {
  for (auto& node : status.at("nodes").as_array()) {
    if (get_string(node, "node") != "evaluate") continue;
    TemporaryFolder folder;
    api.download("/api/blobs/" + get_string(node.at("outputs"), "report"), folder.path() / "report");
    return read_json_file(folder.path() / "report");
  }
  throw Error(Code::internal, "the pipeline has no report");
}

int run(const json::object& values, CommandContext& context) {
  std::string reference = get_string(values, "model"), name = reference.substr(0, reference.find('@'));
  std::string wanted = name.size() < reference.size() ? reference.substr(name.size() + 1) : "latest";
  std::string path = "/api/models/" + percent_encode(name) + "/versions/";
  auto& api = context.api();
  auto version = api.call("GET", path + percent_encode(wanted));
  std::string number = std::to_string(get_int(version, "version"));
  json::object body{{"pipeline", pipeline_of(values, get_string(version, "digest"))}, {"fresh", values.at("fresh")}};
  auto report = report_of(follow_pipeline(api, body, {.quiet = context.json}), api);
  double accuracy = get_number(report, "accuracy"), before = get_number(report.at("champion"), "accuracy");
  json::object result{{"digest", get_string(report, "model")},
                      {"loss", before - accuracy},
                      {"accuracy", accuracy},
                      {"float_accuracy", before},
                      {"samples", report.at("samples")}};
  api.call("POST", path + number + "/results", {{"kind", "int8"}, {"result", result}});
  if (context.json)
    context.print(result);
  else
    std::printf("%s@%s: %.2f %% right in 8 bits, %.2f %% before, of %lld samples\n", name.c_str(), number.c_str(),
                accuracy * 100, before * 100, static_cast<long long>(get_int(report, "samples")));
  return 0;
}

}  // namespace

extern const Command command_model_int8;
const Command command_model_int8{
    .words = "model int8",
    .help =
        "Make the 8-bit variant of a registered model and register what it loses\n\nQuantised with samples of the "
        "training side, judged on the held-back part beside the float model; `gyre serve --int8-loss` then serves it "
        "where so much may be lost.",
    .arguments = {{"model", FieldType::text, "NAME, NAME@3, NAME@champion", nullptr, {.required = true}},
                  {"data", FieldType::text, "the data set that it was trained on", nullptr, {.required = true}},
                  {"labels", FieldType::text, "what is right", nullptr, {.required = true}}},
    .options = options_of_command(),
    .run = run};

}  // namespace gyre
