#pragma once
// Runs pipelines. A node is looked up by its key (step, version, options, content of inputs); what was done before is
// not done again. A step runs as a child process; its outputs are staged, hashed, moved to the blobs and only then
// recorded.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/step.hpp"
#include "flow/pipeline.hpp"
#include "store/workspace.hpp"

namespace gyre {

struct StepRun {
  std::int64_t id = 0;
  std::string pipeline_run;  // id of the pipeline run it belongs to
  std::string node;
  std::string step;
  json::object options;                             // complete
  std::map<std::string, std::string> inputs;        // name -> digest
  std::map<std::string, std::string> file_names{};  // of inputs that are files from outside: as the user calls them
  std::map<std::string, std::string> outputs;       // name -> digest
  std::string key;
  std::string state;  // waiting running cached done stopped failed cancelled
  std::string error;
  std::string error_code;  // as base/error.hpp names it
  std::string hint;
  double seconds = 0;
  json::object metrics;           // last value of each
  std::vector<std::string> said;  // lines for people
};
json::object to_json(const StepRun& run);
StepRun step_run_from(const json::value& value);

// Told of everything as it happens, from the engine's threads. What tracks runs, draws progress or writes events is
// one.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void started(const StepRun&) {}
  virtual void metric(const StepRun&, std::string_view /*name*/, double /*value*/, std::int64_t /*step*/) {}
  virtual void progress(const StepRun&, double /*done*/, double /*total*/, std::string_view /*what*/) {}
  virtual void said(const StepRun&, std::string_view /*line*/) {}
  virtual void ended(const StepRun&) {}
};

class Engine {
 public:
  explicit Engine(Workspace& workspace, int cores = 0);                 // 0: all of the machine
  ~Engine();                                                            // stops what runs and waits
  void observe(StepObserver* observer);                                 // kept until the engine ends
  void environment(const std::string& name, const std::string& value);  // given to every step, not part of any key

  // Starts a pipeline in the background; its id. Durable: a pipeline that was cut off goes on with resume().
  std::string start(const Pipeline& pipeline, bool fresh = false);
  void stop(const std::string& id);  // asks running steps to finish with what they have; starts no more
  // {"id","name","state","error"?,"changes":n,"nodes":[...]}; waits until `changes` is above `seen`, the pipeline has
  // ended, or the time is up.
  json::object status(const std::string& id, std::int64_t seen = -1, double wait_seconds = 0);
  json::array list();
  json::object wait(const std::string& id);
  void resume();  // goes on with every pipeline that was running when the process died

  struct Body;

 private:
  std::unique_ptr<Body> body_;
};

// Named, versioned content: data sets, labels, anything a step made or a person imported.
struct Asset {
  std::string name;
  std::int64_t version = 0;
  std::string type;
  std::string digest;
  std::string created_at;
};
// The same content under the same name is the same version.
Asset keep_asset(Workspace& workspace, const std::string& name, const std::string& type, const std::string& digest);
Asset get_asset(Workspace& workspace, const std::string& reference);  // "name" (newest) or "name@2"
std::vector<Asset> list_assets(Workspace& workspace);

}  // namespace gyre
