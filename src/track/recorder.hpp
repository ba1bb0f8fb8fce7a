#pragma once
// Makes runs out of steps: plain functions of plain values, so that tracking needs to know nothing of the engine.
#include <map>
#include <string>

#include "track/runs.hpp"

namespace gyre {

// The run of a step is known before it starts, and the same after a restart: the id follows from who it is.
std::string run_id_of(std::string_view pipeline_run, std::string_view node);

struct StepStart {
  std::string run;         // run_id_of(...)
  std::string experiment;  // made when there is none of that name
  std::string name;
  json::object options;                       // become params, nested ones as "a.b"
  std::map<std::string, std::string> inputs;  // name -> digest: edges data -> run
  Pairs tags;
};

class StepRecorder {
 public:
  explicit StepRecorder(Workspace& workspace) : workspace_(workspace) {}
  // A run that is there already goes on: its step was cut off and started again.
  void started(const StepStart& start);
  void metric(const std::string& run, std::string_view name, double value, std::int64_t step);
  // All metrics before it are durable when it returns. `outputs` become edges run -> data.
  void ended(const std::string& run, bool good, const std::map<std::string, std::string>& outputs,
             const std::string& error = {});

 private:
  Workspace& workspace_;
};

}  // namespace gyre
