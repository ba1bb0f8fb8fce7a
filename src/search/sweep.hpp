#pragma once
// Sweeps: many runs of one step with other options each, to find the best. A trial is a pipeline of one node, so it is
// cached, tracked (below a parent run) and outlives a kill like any other; which trials there were is on record before
// they start.
#include <memory>
#include <string>
#include <vector>

#include "base/route.hpp"
#include "flow/engine.hpp"

namespace gyre {

struct Trial {
  std::size_t number = 0;
  std::vector<double> point;  // of the unit cube
  json::object options;       // what the point stands for
  std::string pipeline_run;   // empty: not started yet
  std::string run;            // as tracked
  std::string state;          // running done cached stopped cancelled failed
  std::optional<double> value;
  json::object outputs;  // name -> digest
  std::size_t reports = 0;
  double seconds = 0;
  std::string why;  // it ended early, or failed
};
json::object to_json(const Trial& trial);
Trial trial_from(const json::value& value);

class Sweeps {
 public:
  Sweeps(Workspace& workspace, Engine& engine);
  ~Sweeps();  // what runs goes on when it is started or resumed again

  // Checks the specification and starts. One that was cut off and is asked for again goes on; its id.
  std::string start(const json::value& specification);
  // {"id","name","state","changes","best","trials",...}; waits as Engine::status does.
  json::object status(const std::string& id, std::int64_t seen = -1, double wait_seconds = 0);
  void stop(const std::string& id);  // starts no more, ends what runs; the best so far stays
  json::array list();
  void resume();  // every sweep that was running when the process died

  struct Body;

 private:
  std::unique_ptr<Body> body_;
};

std::vector<Route> sweep_routes(Sweeps& sweeps);

}  // namespace gyre
