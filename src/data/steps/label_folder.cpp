// gyre label folder: a folder's name is the label of the files in it.
#include <algorithm>

#include "data/dataset.hpp"
#include "data/gather.hpp"

namespace gyre {

namespace {

struct Options {
  std::vector<std::string> classes;
  std::string by = "folder";
};

void run(const Options& options, StepContext& context) {
  Dataset data = load_dataset(context.input("data"));
  Labels labels;
  for (auto& label : options.classes) {
    check_label(label, "classes");
    labels.declare(label);
  }
  std::map<std::string, fs::path> first;  // by digest
  std::vector<std::string> torn;
  for (auto& sample : data.samples) {
    std::string name = sample.path.parent_path().filename().string();
    if (name.empty()) continue;  // said below: a sample without a label
    check_label(name, sample.path.string());
    if (!options.classes.empty() && !std::binary_search(labels.classes.begin(), labels.classes.end(), name))
      throw Error(Code::invalid, sample.path.string() + ": \"" + name + "\" is none of the classes",
                  "name it with --classes, or move the file");
    auto [at, is_new] = labels.of.try_emplace(sample.digest, Label{name, options.by, ""});
    if (is_new)
      first[sample.digest] = sample.path;
    else if (at->second.label != name)
      torn.push_back(sample.path.string() + " and " + first[sample.digest].string());
  }
  if (labels.of.empty())
    throw Error(Code::invalid, "no file lies in a folder, so there is no label",
                "sort the files into a folder for each class, or label them with `gyre label table`");
  if (!torn.empty())
    throw Error(Code::invalid,
                torn[0] + " are the same file under two labels" +
                    (torn.size() > 1 ? ", and " + std::to_string(torn.size() - 1) + " more" : ""),
                "remove one of the two");
  write_output(context.output("labels"), to_text(labels));
  Dataset labelled = load_samples(context.input("data"), context.output("labels"), Part::all, 0);
  say_all(context, labelled.findings);
  auto counts = labelled.count_by_class();
  std::string line;
  for (std::size_t i = 0; i < counts.size(); i++)
    line += (i ? ", " : "") + labelled.classes[i] + " " + std::to_string(counts[i]);
  context.say(line);
  context.metric("labels", double(labels.of.size()));
}

}  // namespace

extern const Step step_label_folder;
const Step step_label_folder =
    step<Options>({.name = "label-folder",
                   .command = "label folder",
                   .group = "data",
                   .title = "Label by folder names",
                   .help = "Makes a layer of labels from the names of the folders that the samples lie in.",
                   .inputs = {{"data", "any", "the data set"}},
                   .outputs = {{"labels", "labels", "a label for each sample"}}},
                  {field("classes", &Options::classes,
                         "the classes there shall be; a folder of another name is an error, an empty class is said"),
                   field("by", &Options::by, "who is noted as the giver of the labels")},
                  run);

}  // namespace gyre
