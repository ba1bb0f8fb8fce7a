#pragma once
// What runs in a model's container: takes files from the input folder and writes one JSON line per answer
// (edge/messages.hpp has the form of the lines).
#include <atomic>
#include <filesystem>

namespace gyre {

struct ModuleOptions {
  std::filesystem::path input = "/input";
  std::filesystem::path model = "/model/model.onnx";
  double sketch_seconds = 2;
};

// Answers what comes in until `stop`; gives the exit code. A model that does not give its golden answers does not
// start.
int run_module(const ModuleOptions& options, const std::atomic<bool>& stop);
// Answers every file once, in name order.
int check_module(const ModuleOptions& options, const std::atomic<bool>& stop);

}  // namespace gyre
