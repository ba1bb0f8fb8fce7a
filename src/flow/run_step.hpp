#pragma once
// Runs one step as a child process and brings its outputs into the blobs.
#include <atomic>
#include <functional>

#include "flow/engine.hpp"

namespace gyre {

std::string cache_key(const Step& step, const json::object& options, const std::map<std::string, std::string>& inputs);

struct StepEvents {
  std::function<void(std::string_view name, double value, std::int64_t step)> metric;
  std::function<void(double done, double total, std::string_view what)> progress;
  std::function<void(std::string_view line)> said;
};

// Fills in `run`: state, outputs, metrics, error. `stop` turns true when the step shall finish with what it has.
void run_step(Workspace& workspace, StepRun& run, int threads, const json::object& environment,
              const std::atomic<bool>& stop, const StepEvents& events);

}  // namespace gyre
