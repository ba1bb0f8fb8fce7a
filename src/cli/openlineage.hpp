#pragma once
// Tells an OpenLineage server of every step that starts and ends. Events wait in the rows until they are sent: the
// server may be away for long, and neither a pipeline nor its end waits for it.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "flow/engine.hpp"

namespace gyre {

class OpenLineage : public StepObserver {
 public:
  OpenLineage(Workspace& workspace, std::string url);
  ~OpenLineage() override;  // sends what can be sent at once
  void started(const StepRun& run) override;
  void ended(const StepRun& run) override;

 private:
  void keep(const StepRun& run, std::string_view type);
  void work();
  bool send_all();

  Workspace& workspace_;
  std::string url_;
  std::mutex mutex_;  // guards the two
  std::condition_variable changed_;
  bool waiting_ = true;  // events may be there: those of last time
  bool ending_ = false;
  std::thread sender_;
};

}  // namespace gyre
