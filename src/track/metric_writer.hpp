#pragma once
// Writes many small things in few commits: what comes in while a commit is on its way goes into the next one together.
// Each job is all or nothing, whatever happens to the others in its commit.
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/workspace.hpp"

namespace gyre {

class MetricWriter {
 public:
  explicit MetricWriter(Workspace& workspace);
  ~MetricWriter();  // after all that is queued was written
  MetricWriter(const MetricWriter&) = delete;

  void write(std::function<void()> job);  // returns when it is durable; throws what the job threw
  // Returns at once. A failure is thrown by the next flush().
  void queue(std::function<void()> job);
  void flush();

 private:
  struct Waiting {
    std::function<void()> job;
    bool attended = false;  // somebody waits for it and is told of its failure
    bool done = false;
    std::exception_ptr failure{};
  };
  void run();
  void commit(const std::deque<std::shared_ptr<Waiting>>& jobs);

  Workspace& workspace_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Waiting>> queued_;  // shared with the thread that waits for it
  std::exception_ptr failure_;                   // of a queue()d job
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace gyre
