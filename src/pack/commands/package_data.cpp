#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  json::object body{{"frames", get_string(values, "data")},
                    {"part", get_string(values, "part")},
                    {"share", get_number(values, "share")}};
  if (std::string labels = get_string(values, "labels"); !labels.empty()) body["labels"] = labels;
  json::value made = context.api().call("POST", "/api/packages/data", body);
  if (std::string name = get_string(values, "as"); !name.empty())
    context.api().call("POST", "/api/assets", {{"name", name}, {"type", "samples"}, {"digest", made.at("data")}});
  if (context.json)
    context.print(made);
  else
    std::printf("%s\n%lld samples, %s: devices can validate on them\n", get_string(made, "data").c_str(),
                static_cast<long long>(get_int(made, "samples")), short_size(get_number(made, "bytes")).c_str());
  return 0;
}

extern const Command command_package_data;
const Command command_package_data{
    .words = "package data",
    .help = "Publish samples for devices to validate on",
    .arguments = {{"data", FieldType::text, "a data set: an asset or a digest", nullptr, {.required = true}}},
    .options = {{"labels", FieldType::text, "only samples that have a label here: an asset or a digest", "", {}},
                {"part", FieldType::text, "which samples", "all", {.choices = {"all", "train", "hold"}}},
                {"share", FieldType::number, "part of the data that is held back", 0.2, {.min = 0, .max = 1}},
                {"as", FieldType::text, "name to keep it under", "", {}}},
    .run = run};

}  // namespace gyre
