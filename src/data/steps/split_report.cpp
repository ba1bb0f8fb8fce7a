// gyre data split: what is held back and what is learned from, class by class, and what is wrong with the data.
#include "data/dataset.hpp"
#include "data/gather.hpp"

namespace gyre {

namespace {

struct Options {
  double hold = 0.2;
};

void run(const Options& options, StepContext& context) {
  std::optional<fs::path> labels;
  if (context.has_input("labels")) labels = context.input("labels");
  Dataset data = load_samples(context.input("data"), labels, Part::all, options.hold);
  std::vector<std::size_t> held(data.classes.size()), all(data.classes.size());
  std::size_t held_back = 0;
  for (auto& sample : data.samples) {
    bool hold = is_held_back(sample.digest, options.hold);
    held_back += hold;
    if (!labels) continue;
    all[data.class_of(sample)]++;
    held[data.class_of(sample)] += hold;
  }
  json::array classes;
  for (std::size_t i = 0; i < data.classes.size(); i++) {
    classes.push_back({{"label", data.classes[i]}, {"train", all[i] - held[i]}, {"hold", held[i]}});
    context.say(data.classes[i] + ": " + std::to_string(all[i] - held[i]) + " to learn from, " +
                std::to_string(held[i]) + " held back");
    if (all[i] >= 5 && held[i] == 0)
      data.findings.push_back("class \"" + data.classes[i] + "\" has no sample held back");
  }
  say_all(context, data.findings);
  json::object report{{"samples", data.samples.size()},
                      {"train", data.samples.size() - held_back},
                      {"hold", held_back},
                      {"share", options.hold},
                      {"classes", std::move(classes)},
                      {"findings", json::value_from(data.findings)}};
  write_output(context.output("report"), pretty(report) + "\n");
  context.metric("train", double(data.samples.size() - held_back));
  context.metric("hold", double(held_back));
}

}  // namespace

extern const Step step_split_report;
const Step step_split_report = step<Options>(
    {.name = "split-report",
     .command = "data split",
     .group = "data",
     .title = "Report the split",
     .help = "Tells class by class what is learned from and what is held back, and what is wrong with the data.",
     .inputs = {{"data", "any", "the data set"}, {"labels", "labels", "its labels", true}},
     .outputs = {{"report", "report", "counts and findings"}}},
    {field("hold", &Options::hold, "share that is held back for validation, chosen by content",
           {.min = 0, .max = 0.9})},
    run);

}  // namespace gyre
