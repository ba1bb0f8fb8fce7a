#include "serve/score.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.hpp"
#include "base/step.hpp"

namespace gyre {

namespace {

struct Options {
  std::string form = "csv";
  std::vector<std::string> keep;
  std::int64_t batch = 0;
};

// Inputs have no names to rely on: what a file is, it says itself.
std::string form_of(const fs::path& data) {
  if (fs::is_directory(data)) return {};
  auto file = open_file(data, O_RDONLY);
  std::string start(4096, '\0');
  ssize_t count = ::read(file.get(), start.data(), start.size());
  if (count < 0) throw system_error(errno, data.string());
  start.resize(static_cast<std::size_t>(count));
  if (start.starts_with("PAR1")) return ".parquet";
  auto first = start.find_first_not_of(" \t\r\n");
  return first != std::string::npos && start[first] == '{' ? ".jsonl" : ".csv";
}

// The folder outlives a kill, so a job that was cut off goes on in it.
void run(const Options& options, StepContext& context) {
  fs::path folder = context.checkpoint(), data = context.input("data");
  fs::create_directories(folder);
  if (auto form = form_of(data); !form.empty()) {
    fs::path named = folder / ("data" + form);
    remove_tree(named);
    fs::create_symlink(fs::absolute(data), named);
    data = named;
  }
  fs::path out = folder / ("answers." + options.form), failed = out.string() + ".failed.csv";
  auto result = score({.model = context.input("model"),
                       .data = data,
                       .out = out,
                       .keep = options.keep,
                       .threads = static_cast<std::size_t>(std::max(1, context.threads())),
                       .batch = static_cast<std::size_t>(options.batch)},
                      [&](const ScoreProgress& progress) { context.progress(progress.share, 1, "rows"); });
  if (!fs::exists(failed)) write_file(failed, "row,reason\n");
  fs::copy_file(out, context.output("answers"));
  fs::copy_file(failed, context.output("failed"));
  context.say(std::to_string(result.rows) + " rows answered, " + std::to_string(result.failed) + " failed");
  context.metric("rows", static_cast<double>(result.rows));
  context.metric("failed", static_cast<double>(result.failed));
}

}  // namespace

extern const Step step_score;
const Step step_score = step<Options>(
    {.name = "score",
     .command = "batch score",
     .group = "model",
     .title = "Answer a data set",
     .help =
         "Answers each row of a table, or each file of a folder, with a model.\n\nA CSV, JSON lines or Parquet file, "
         "or a folder of pictures, sounds or series. What fails is told with the reason and stops nothing.",
     .inputs = {{"model", "model", "the model"}, {"data", "any", "a table, or a folder of files"}},
     .outputs = {{"answers", "table", "the answers"}, {"failed", "table", "CSV: rows that failed, and why"}},
     .parallel = true},
    {field("form", &Options::form, "of the answers", {.choices = {"csv", "jsonl", "parquet"}}),
     field("keep", &Options::keep, "a column of the data that the answers repeat; may be given several times"),
     field("batch", &Options::batch, "rows of one run of the model; 0: chosen", {.min = 0, .max = 1 << 20})},
    run);

}  // namespace gyre
