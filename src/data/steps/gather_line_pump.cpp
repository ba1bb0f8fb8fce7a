#include <cstdio>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/step.hpp"
#include "data/line/pump.hpp"

namespace gyre {

namespace {

struct PumpOptions {
  std::string kind = "normal";
  std::int64_t recordings = 12;
  std::int64_t seconds = 600;
  double faults_per_hour = 20;
  double sensor_faults_per_hour = 60;
  std::int64_t seed = 1;
};

void gather(const PumpOptions& options, StepContext& context) {
  fs::path folder = context.output("series");
  make_folders(folder);
  PumpPlan plan{static_cast<double>(options.seconds), 0, 0};
  if (options.kind == "faults")
    plan.faults_per_hour = options.faults_per_hour, plan.sensor_faults_per_hour = options.sensor_faults_per_hour;
  std::uint64_t kind = options.kind == "normal" ? 0 : options.kind == "faults" ? 1 : 2;
  Random seeded(static_cast<std::uint64_t>(options.seed));
  Intervals intervals;
  for (std::int64_t i = 0; i < options.recordings && !context.stop_requested(); i++) {
    Random random = seeded.split(static_cast<std::uint64_t>(i) * 3 + kind);
    PumpRecording recording = kind == 2 ? PumpRecording{run_pump_to_failure(random), {}} : record_pump(plan, random);
    std::string text = encode_series(recording.readings);
    char name[64];
    std::snprintf(name, sizeof name, "%s-%04lld.csv", kind == 2 ? "run" : "recording", static_cast<long long>(i));
    write_output(folder / name, text);
    intervals.of[digest_of(text)] = std::move(recording.faults);
    context.progress(static_cast<double>(i + 1), static_cast<double>(options.recordings), "recordings");
  }
  write_file(context.output("intervals"), to_text(intervals));
}

}  // namespace

extern const Step step_gather_line_pump = step<PumpOptions>(
    {.name = "gather-line-pump",
     .command = "gather line pump",
     .group = "data",
     .title = "Gather: the demo line's pump",
     .help =
         "Simulates a pump's readings at 10 Hz (CSV: temperature, pressure, flow, current, vibration_x, "
         "vibration_y).\n\n"
         "normal: what it does when all is well, under a changing demand. faults: the pump fails now and then (leak, "
         "blockage, bearing, overheating, cavitation), and so do its sensors (spikes, dropouts), which is no fault of "
         "the pump. life: runs from new until it breaks, one a file; the last reading is the end of its life.",
     .outputs = {{"series", "series", "a CSV file for each recording or run"},
                 {"intervals", "intervals", "when the pump, not a sensor, was at fault"}}},
    {field("kind", &PumpOptions::kind, "what to record", {.choices = {"normal", "faults", "life"}}),
     field("recordings", &PumpOptions::recordings, "how many files", {.min = 1, .max = 10000}),
     field("seconds", &PumpOptions::seconds, "how long each is (a run to failure ends when it ends)",
           {.min = 10, .max = 86400}),
     field("faults-per-hour", &PumpOptions::faults_per_hour, "of the pump, with --kind faults", {.min = 0, .max = 30}),
     field("sensor-faults-per-hour", &PumpOptions::sensor_faults_per_hour, "of the sensors, with --kind faults",
           {.min = 0, .max = 3600}),
     field("seed", &PumpOptions::seed, "the same seed gives the same recordings", {.min = 0})},
    gather);

}  // namespace gyre
