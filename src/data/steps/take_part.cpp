// gyre data part: a part of a data set as a data set of its own: what is held back, or a small sample to look at or
// label.
#include <algorithm>

#include "data/dataset.hpp"
#include "data/gather.hpp"

namespace gyre {

namespace {

struct Options {
  std::string part = "all";
  double hold = 0.2;
  int most = 0;
};

void run(const Options& options, StepContext& context) {
  std::optional<fs::path> labels;
  if (context.has_input("labels")) labels = context.input("labels");
  Dataset data = load_samples(context.input("data"), labels, part_named(options.part), options.hold);
  auto most = static_cast<std::size_t>(options.most);
  if (most && data.samples.size() > most) {
    // Chosen by content from the other end than what is held back, so that both sides are in a small sample.
    auto last_digits = [](const Sample& sample) { return std::string_view(sample.digest).substr(39); };
    std::sort(data.samples.begin(), data.samples.end(),
              [&](auto& a, auto& b) { return last_digits(a) < last_digits(b); });
    data.samples.resize(most);
  }
  for (auto& sample : data.samples) write_output(context.output("data") / sample.path, read_file(data.file(sample)));
  context.metric("samples", double(data.samples.size()));
  context.say(counted(data.samples.size(), "sample", "samples"));
}

}  // namespace

extern const Step step_take_part;
const Step step_take_part =
    step<Options>({.name = "take-part",
                   .command = "data part",
                   .group = "data",
                   .title = "Take a part of a data set",
                   .help = "Takes what is held back, what is learned from, or a small sample, as a data set of its "
                           "own.\n\nThe choice hangs "
                           "on the samples' contents: the same samples on every machine.",
                   .inputs = {{"data", "any", "the data set"},
                              {"labels", "labels", "when given, samples without a label are left out", true}},
                   .outputs = {{"data", "any", "the part"}}},
                  {field("part", &Options::part, "which part", {.choices = {"all", "train", "hold"}}),
                   field("hold", &Options::hold, "share that is held back for validation", {.min = 0, .max = 0.9}),
                   field("most", &Options::most, "at most so many samples; 0: all", {.min = 0})},
                  run);

}  // namespace gyre
