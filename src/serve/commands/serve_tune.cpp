#include <cstdio>

#include "base/command.hpp"
#include "base/cores.hpp"
#include "model/locate.hpp"
#include "serve/trial_runs.hpp"
#include "serve/tune.hpp"

namespace gyre {

namespace {

struct Options {
  std::string model;
  double seconds = 0.5;
  double target_ms = 50;
};

const std::vector<Field> fields{
    field("seconds", &Options::seconds, "for each setting", {.min = 0.05, .max = 60}),
    field("target-ms", &Options::target_ms, "what 99 of 100 runs shall stay below", {.min = 0.1, .max = 60000}),
};

json::object told(const TuneRow& row) {
  return {{"instances", row.instances}, {"threads", row.threads},
          {"batch", row.batch},         {"rows_per_second", row.rows_per_second},
          {"p50_ms", row.p50_ms},       {"p99_ms", row.p99_ms}};
}

// What a model's config.json says to be run so.
json::object config_of(const TuneRow& row) {
  json::object config{{"instance_group", json::array{json::object{{"count", row.instances}}}},
                      {"parameters", {{"intra_op_thread_count", std::to_string(row.threads)}}}};
  if (row.batch > 1) {
    config["max_batch_size"] = row.batch;
    config["dynamic_batching"] = {{"preferred_batch_size", {row.batch}}};
  }
  return config;
}

int run(const json::object& values, CommandContext& context) {
  json::object own = values;
  own.erase("model");
  auto options = from_fields<Options>(fields, own, "serve tune");
  LocatedModel model(get_string(values, "model"), context);
  auto settings = settings_to_try(usable_cores(), false);
  if (ModelEngine engine(model.path(), 1); has_free_rows(engine) && rows_are_independent(engine))
    settings = settings_to_try(usable_cores(), true);
  std::vector<TuneRow> rows;
  std::optional<ModelEngine> engine;
  int threads = 0;
  if (!context.json) std::printf("instances  threads  batch     rows/s   p50 ms   p99 ms\n");
  for (auto& setting : settings) {
    if (threads != setting.threads) engine.emplace(model.path(), threads = setting.threads);
    rows.push_back(measure_setting(*engine, setting, options.seconds, 3));
    auto& row = rows.back();
    if (!context.json)
      std::printf("%9zu  %7d  %5zu %10.1f %8.3f %8.3f\n", row.instances, row.threads, row.batch, row.rows_per_second,
                  row.p50_ms, row.p99_ms);
    std::fflush(stdout);
  }
  auto& best = best_row(rows, options.target_ms);
  if (context.json) {
    json::array list;
    for (auto& row : rows) list.push_back(told(row));
    context.print(json::object{{"settings", std::move(list)}, {"best", told(best)}, {"config", config_of(best)}});
    return 0;
  }
  std::printf("best: %zu instances of %d threads, %zu rows at a time; config.json: %s\n", best.instances, best.threads,
              best.batch, json::serialize(config_of(best)).c_str());
  return 0;
}

}  // namespace

extern const Command command_serve_tune;
const Command command_serve_tune{
    .words = "serve tune",
    .help = "Measure with how many instances, threads and rows at a time a model is served best",
    .arguments = {{"model", FieldType::text, "a file, or NAME, NAME@3, NAME@champion", nullptr, {.required = true}}},
    .options = fields,
    .run = run};

}  // namespace gyre
