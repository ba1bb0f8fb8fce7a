#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"

namespace gyre {

namespace {

void print_sample(const json::value& sample) {
  auto& answer = sample.at("answer");
  auto confidence = find_number(answer, "confidence");
  std::string label = string_or(sample, "label", "");
  std::printf("%6lld  %-10s %-10s %9s  %-24s %-16s", static_cast<long long>(get_int(sample, "id")),
              get_string(sample, "device").c_str(), get_string(sample, "module").c_str(),
              short_size(get_number(sample, "bytes")).c_str(), get_string(sample, "name").c_str(),
              string_or(answer, "label", "-").c_str());
  if (confidence) std::printf(" %.2f", *confidence);
  std::printf("%s\n", label.empty() ? "" : (" -> " + label).c_str());
}

int run(const json::object& values, CommandContext& context) {
  std::string path =
      "/api/queue?state=" + get_string(values, "state") + "&limit=" + std::to_string(get_int(values, "limit"));
  if (std::string module = get_string(values, "module"); !module.empty()) path += "&module=" + module;
  json::value answer = context.api().call("GET", path);
  if (context.json) {
    context.print(answer);
    return 0;
  }
  for (auto& sample : answer.at("samples").as_array()) print_sample(sample);
  auto count = [&](std::string_view state) { return std::to_string(get_int(answer.at("counts"), state)); };
  std::printf("%s wait, %s are labelled, %s were skipped\n", count("waiting").c_str(), count("labelled").c_str(),
              count("skipped").c_str());
  return 0;
}

}  // namespace

extern const Command command_queue_list{
    .words = "queue list",
    .help = "Samples that came back from devices to be labelled",
    .arguments = {},
    .options =
        {{"state", FieldType::text, "which", "waiting", {.choices = {"waiting", "labelled", "skipped", "all"}}, {}},
         {"module", FieldType::text, "of one module only", "", {}, {}},
         {"limit", FieldType::integer, "at most so many", 100, {.min = 1, .max = 100000}, {}}},
    .run = run};

}  // namespace gyre
