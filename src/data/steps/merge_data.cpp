// gyre data merge: old and new data as one, for a training on both.
#include <set>

#include "base/hash.hpp"
#include "data/dataset.hpp"
#include "data/gather.hpp"

namespace gyre {

namespace {

struct Options {};

void run(const Options&, StepContext& context) {
  std::set<std::string> contents, paths;
  std::size_t written = 0, twice = 0;
  for (auto* name : {"first", "second", "third"}) {
    if (!context.has_input(name)) continue;
    Dataset data = load_dataset(context.input(name));
    for (auto& sample : data.samples) {
      if (!contents.insert(sample.digest).second) {
        twice++;
        continue;
      }
      fs::path path = sample.path;
      if (!paths.insert(path.string()).second) {  // another picture of the same name: both stay
        path.replace_filename(path.stem().string() + "-" + sample.digest.substr(7, 16) + path.extension().string());
        paths.insert(path.string());
      }
      write_output(context.output("data") / path, read_file(data.file(sample)));
      written++;
    }
  }
  context.metric("samples", double(written));
  context.say(counted(written, "sample", "samples") +
              (twice ? "; " + std::to_string(twice) + " were there already" : ""));
}

}  // namespace

extern const Step step_merge_data;
const Step step_merge_data = step<Options>({.name = "merge-data",
                                            .command = "data merge",
                                            .group = "data",
                                            .title = "Merge data sets",
                                            .help = "Puts two or three data sets together, each content once.\n\nOf "
                                                    "two files with the same name and other content "
                                                    "the later one gets its digest into its name.",
                                            .inputs = {{"first", "any", "a data set"},
                                                       {"second", "any", "a data set of the same kind"},
                                                       {"third", "any", "one more", true}},
                                            .outputs = {{"data", "any", "all samples"}}},
                                           {}, run);

}  // namespace gyre
