// gyre table profile: the profile of a table as a part of a pipeline.
#include "base/file.hpp"
#include "base/step.hpp"
#include "learn/profile.hpp"

namespace gyre {

namespace {

struct Options {
  std::string target;
  std::vector<std::string> types;
};

void run(const Options& options, StepContext& context) {
  Table table = read_table(context.input("table"), {.types = types_from(options.types), .threads = context.threads()});
  json::object profile = profile_of(table, options.target);
  for (auto& finding : profile.at("findings").as_array()) context.say(get_string(finding, "text"));
  context.metric("rows", static_cast<double>(table.rows()));
  context.metric("findings", static_cast<double>(profile.at("findings").as_array().size()));
  write_output(context.output("report"), pretty(profile) + "\n");
}

}  // namespace

extern const Step step_profile_table;
const Step step_profile_table = step<Options>(
    {.name = "profile-table",
     .command = "table profile",
     .group = "data",
     .title = "Profile a table",
     .help = "Tells what is in a table, column by column, and what would spoil a training on it.",
     .inputs = {{"table", "table", "a CSV, JSON lines or Parquet file"}},
     .outputs = {{"report", "report", "ranges, holes, frequent texts, correlations, findings"}},
     .parallel = true},
    {field("target", &Options::target, "the column to be learned: what each other one tells about it"),
     field("types", &Options::types, "COLUMN=TYPE instead of what is worked out; may be given several times")},
    run);

}  // namespace gyre
