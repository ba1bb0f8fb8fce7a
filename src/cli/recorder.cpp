#include "track/recorder.hpp"
#include "cli/app.hpp"
#include "cli/source.hpp"

namespace gyre {

namespace {

// The engine tells what happens to steps; tracking keeps it as runs. Neither knows of the other.
class EngineRecorder : public StepObserver {
 public:
  explicit EngineRecorder(Workspace& workspace) : workspace_(workspace), recorder_(workspace) {}

  void started(const StepRun& run) override {
    recorder_.started(
        {.run = run_id_of(run.pipeline_run, run.node),
         .experiment = run.step,
         .name = run.node,
         .options = run.options,
         .inputs = run.inputs,
         .tags = {{"gyre.step", run.step}, {"gyre.pipeline_run", run.pipeline_run}, {"gyre.key", run.key}}});
    attach_source(workspace_, run.pipeline_run, run_id_of(run.pipeline_run, run.node));
  }
  void metric(const StepRun& run, std::string_view name, double value, std::int64_t step) override {
    recorder_.metric(run_id_of(run.pipeline_run, run.node), name, value, step);
  }
  void ended(const StepRun& run) override {
    bool good = run.state == "done" || run.state == "stopped";
    recorder_.ended(run_id_of(run.pipeline_run, run.node), good, run.outputs, run.error);
  }

 private:
  Workspace& workspace_;
  StepRecorder recorder_;
};

}  // namespace

std::unique_ptr<StepObserver> make_recorder(Workspace& workspace) {
  return std::make_unique<EngineRecorder>(workspace);
}

}  // namespace gyre
