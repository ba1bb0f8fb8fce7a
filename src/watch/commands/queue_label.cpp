#include <cstdio>

#include "base/command.hpp"

namespace gyre {

namespace {

int run(const json::object& values, CommandContext& context) {
  std::string from = get_string(values, "from"), label = get_string(values, "label");
  std::int64_t id = get_int(values, "id");
  if (!from.empty()) {
    json::value body{{"from", from}, {"module", get_string(values, "module")}};
    json::value answer = context.api().call("POST", "/api/queue", body);
    if (context.json)
      context.print(answer);
    else
      std::printf("labelled %lld samples from %s\n", static_cast<long long>(get_int(answer, "labelled")), from.c_str());
    return 0;
  }
  if (id == 0) throw Error(Code::invalid, "no sample to label", "`gyre queue label ID LABEL`, or --from LABELS");
  std::string path = "/api/queue/" + std::to_string(id);
  json::value answer = label.empty() ? context.api().call("POST", path + "/skip", json::object())
                                     : context.api().call("POST", path + "/label", json::object{{"label", label}});
  if (context.json)
    context.print(answer);
  else
    std::printf("%s %s\n", get_string(answer, "name").c_str(), label.empty() ? "skipped" : label.c_str());
  return 0;
}

}  // namespace

extern const Command command_queue_label{
    .words = "queue label",
    .help = "Label a sample of the queue, or without a label skip it; or label all that a layer of labels knows",
    .arguments = {{"id", FieldType::integer, "the sample's number in `gyre queue list`", 0, {}, {}},
                  {"label", FieldType::text, "what it shows; left out: it is skipped", "", {}, {}}},
    .options = {{"from", FieldType::text, "a layer of labels: a kept name or a digest", "", {}, {}},
                {"module", FieldType::text, "with --from: samples of one module only", "", {}, {}}},
    .run = run};

}  // namespace gyre
