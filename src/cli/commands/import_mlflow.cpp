#include <cstdio>

#include "base/clock.hpp"
#include "base/command.hpp"
#include "cli/terminal.hpp"
#include "track/importing/importer.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  auto source = open_mlflow_source(get_string(values, "store"), get_string(values, "artifacts"));
  LiveLines lines(context.terminal && !context.json);
  double began = seconds_since_start(), drawn = 0;
  auto watch = [&](const ImportProgress& progress) {
    double now = seconds_since_start();
    if (now - drawn < 0.1) return;
    drawn = now;
    double share = progress.things ? static_cast<double>(progress.done) / static_cast<double>(progress.things) : 1;
    std::string left;
    if (progress.brought > 0)
      left = "  " +
             short_duration((now - began) / static_cast<double>(progress.brought) *
                            static_cast<double>(progress.things - progress.done)) +
             " left";
    lines.draw({bar(share, 30) + "  " + std::to_string(progress.done) + " of " + std::to_string(progress.things) +
                " runs and models, " + short_size(static_cast<double>(progress.bytes)) + left});
  };
  ImportResult result = import_mlflow(*source, context.api(), watch);
  lines.draw({});
  auto& progress = result.progress;
  json::object summary{{"experiments", result.experiments}, {"things", progress.things},
                       {"brought", progress.brought},       {"files", progress.files},
                       {"bytes", progress.bytes},           {"models", result.models},
                       {"versions", result.versions},       {"problems", json::value_from(result.problems)}};
  if (context.json) {
    context.print(summary);
  } else {
    for (auto& problem : result.problems) std::printf("not brought: %s\n", problem.c_str());
    std::printf(
        "%zu runs and logged models (%zu were here already), %llu files (%s), %zu experiments, %zu model versions\n",
        progress.brought, progress.things - progress.brought, static_cast<unsigned long long>(progress.files),
        short_size(static_cast<double>(progress.bytes)).c_str(), result.experiments, result.versions);
  }
  return result.problems.empty() ? 0 : row_of(Code::conflict).exit_code;
}

extern const Command command_import_mlflow{
    .words = "import mlflow",
    .help = "Bring an MLflow store over, artifacts included; started again, it goes on with what is missing",
    .arguments =
        {{"store", FieldType::text, "mlflow.db, a folder mlruns, or a server's URL", nullptr, {.required = true}}},
    .options = {{"artifacts", FieldType::text,
                 "where its server keeps proxied artifacts; mlartifacts or mlruns beside the store when left out", ""}},
    .run = run};

}  // namespace gyre
