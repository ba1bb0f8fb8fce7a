// gyre label table: labels from a CSV file of names and labels, as other labelling tools write it.
#include "data/csv_line.hpp"
#include "data/dataset.hpp"
#include "data/gather.hpp"

namespace gyre {

namespace {

struct Options {
  std::string by = "table";
  std::string unknown = "stop";
};

void run(const Options& options, StepContext& context) {
  Dataset data = load_dataset(context.input("data"));
  std::map<std::string, const Sample*> by_path;
  for (auto& sample : data.samples) by_path[sample.path.string()] = &sample;
  std::string text = read_file(context.input("table")), name = name_of_input(context.input("table"), "table");
  std::string_view rest = text;
  Labels labels;
  std::vector<std::string> unknown;
  for (std::size_t number = 1; !rest.empty(); number++) {
    auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    std::string place = name + ":" + std::to_string(number);
    auto cells = csv_cells(line);
    if (cells.size() < 2) throw Error(Code::invalid, place + ": one cell, two are needed", "a line is: file,label");
    auto &file = cells[0], &label = cells[1];
    if (number == 1 && file == "file" && label == "label") continue;
    check_label(label, place);
    auto at = by_path.find(file);
    if (at == by_path.end()) {
      unknown.push_back(place + ": \"" + file + "\"");
      continue;
    }
    auto [kept, is_new] = labels.of.try_emplace(at->second->digest, Label{label, options.by, ""});
    if (!is_new && kept->second.label != label)
      throw Error(Code::invalid, place + ": \"" + file + "\" has two labels: " + kept->second.label + ", " + label,
                  "keep one of the two lines");
  }
  if (!unknown.empty()) {
    std::string line = unknown[0] + " is not in the data" +
                       (unknown.size() > 1 ? ", and " + std::to_string(unknown.size() - 1) + " more" : "");
    if (options.unknown == "stop")
      throw Error(Code::invalid, line,
                  "names are relative to the data set: good/1.jpg; or go on without: --unknown leave-out");
    context.say("left out: " + line);
  }
  write_output(context.output("labels"), to_text(labels));
  say_all(context, load_samples(context.input("data"), context.output("labels"), Part::all, 0).findings);
  context.metric("labels", double(labels.of.size()));
}

}  // namespace

extern const Step step_label_table;
const Step step_label_table = step<Options>(
    {.name = "label-table",
     .command = "label table",
     .group = "data",
     .title = "Label from a table",
     .help = "Makes a layer of labels from a CSV file with the columns file and label.",
     .inputs = {{"data", "any", "the data set"}, {"table", "any", "CSV: file,label; files relative to the data set"}},
     .outputs = {{"labels", "labels", "a label for each sample named"}}},
    {field("by", &Options::by, "who is noted as the giver of the labels"),
     field("unknown", &Options::unknown, "what to do with names that are not in the data",
           {.choices = corrupt_choices})},
    run);

}  // namespace gyre
