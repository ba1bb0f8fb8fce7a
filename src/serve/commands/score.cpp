#include "serve/score.hpp"

#include <malloc.h>

#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "model/locate.hpp"

namespace gyre {

namespace {

struct Options {
  std::string out;
  std::vector<std::string> keep;
  std::int64_t threads = 0;
  std::int64_t batch = 0;
  bool fresh = false;
};

const std::vector<Field> fields{
    field("out", &Options::out,
          "where the answers go: a .csv, .jsonl or .parquet file; rows that fail go to OUT.failed.csv",
          {.required = true}),
    field("keep", &Options::keep, "a column of the data that the answers repeat; may be given several times"),
    field("threads", &Options::threads, "0: all cores", {.min = 0, .max = 1024}),
    field("batch", &Options::batch, "rows of one run of the model; 0: chosen", {.min = 0, .max = 1 << 20}),
    field("fresh", &Options::fresh, "forget an interrupted job and begin anew"),
};

// Every picture needs the same large blocks again: kept until the program ends, not given back to the system and asked
// for again.
void keep_blocks() {
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

int run(const json::object& values, CommandContext& context) {
  json::object own = values;
  own.erase("model");
  own.erase("data");
  auto options = from_fields<Options>(fields, own, "score");
  LocatedModel model(get_string(values, "model"), context);
  ScoreOptions job{.model = model.path(),
                   .data = get_string(values, "data"),
                   .out = options.out,
                   .keep = options.keep,
                   .threads = static_cast<std::size_t>(options.threads),
                   .batch = static_cast<std::size_t>(options.batch),
                   .fresh = options.fresh};
  if (fs::is_directory(job.data)) keep_blocks();
  bool told = false;
  auto result = score(job, [&](const ScoreProgress& progress) {
    if (context.json) return;
    told = true;
    std::fprintf(stderr, "%s%3.0f %%  %lld rows, %lld failed, %s left   %s", context.terminal ? "\r" : "",
                 progress.share * 100, static_cast<long long>(progress.rows), static_cast<long long>(progress.failed),
                 short_duration(progress.left).c_str(), context.terminal ? "" : "\n");
  });
  if (told && context.terminal) std::fprintf(stderr, "\n");
  json::object summary{
      {"rows", result.rows}, {"failed", result.failed}, {"resumed", result.resumed}, {"out", options.out}};
  if (context.json) {
    context.print(summary);
  } else {
    std::printf("%lld rows answered: %s\n", static_cast<long long>(result.rows), options.out.c_str());
    if (result.failed)
      std::printf("%lld failed: %s.failed.csv says why\n", static_cast<long long>(result.failed), options.out.c_str());
  }
  return 0;
}

}  // namespace

extern const Command command_score;
const Command command_score{
    .words = "score",
    .help =
        "Answer a whole data set with a model\n\nA .csv, .jsonl or .parquet file, or a folder of pictures, sounds or "
        "series. All cores work, memory stays bounded. Killed and started again it goes on where it was.",
    .arguments = {{"model", FieldType::text, "a file, or NAME, NAME@3, NAME@champion", nullptr, {.required = true}},
                  {"data", FieldType::text, "a file or folder", nullptr, {.required = true}}},
    .options = fields,
    .run = run};

}  // namespace gyre
