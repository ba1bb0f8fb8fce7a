// gyre label merge: layers of labels as one.
#include "data/gather.hpp"
#include "data/labels.hpp"

namespace gyre {

namespace {

struct Options {};

void run(const Options&, StepContext& context) {
  Labels all;
  std::size_t changed = 0;
  for (auto* name : {"first", "second", "third"}) {
    if (!context.has_input(name)) continue;
    Labels newer = load_labels(context.input(name));
    for (auto& [digest, label] : newer.of)
      if (auto at = all.of.find(digest); at != all.of.end()) changed += at->second.label != label.label;
    all.merge(newer);
  }
  write_output(context.output("labels"), to_text(all));
  context.metric("labels", double(all.of.size()));
  context.say(counted(all.of.size(), "label", "labels") +
              (changed ? "; " + std::to_string(changed) + " replaced by later ones" : ""));
}

}  // namespace

extern const Step step_merge_labels;
const Step step_merge_labels =
    step<Options>({.name = "merge-labels",
                   .command = "label merge",
                   .group = "data",
                   .title = "Merge layers of labels",
                   .help = "Puts two or three layers of labels together; where they differ the later input counts.",
                   .inputs = {{"first", "labels", "a layer"},
                              {"second", "labels", "a later layer"},
                              {"third", "labels", "one more", true}},
                   .outputs = {{"labels", "labels", "all labels"}}},
                  {}, run);

}  // namespace gyre
