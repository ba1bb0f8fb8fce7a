#pragma once
// The queue of one model and the threads (its instances) that run what waits in it. Threads start when first needed.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "serve/batch_plan.hpp"
#include "serve/task_queue.hpp"

namespace gyre {

class Scheduler {
 public:
  // `run` finishes every task of a batch and never throws.
  using Run = std::function<void(std::vector<TaskPointer>& batch)>;
  Scheduler(const ModelConfig& config, Run run);
  ~Scheduler();  // runs what waits, then ends the threads
  Scheduler(const Scheduler&) = delete;

  void submit(TaskPointer task);                    // Error{unavailable} when the queue is full
  void learn(std::size_t rows, double seconds);     // what a run took
  std::size_t pending() const { return pending_; }  // waiting or running
  bool idle() const { return pending_ == 0; }

 private:
  void work();
  BatchChoice choose(std::uint64_t now) const;
  const ModelConfig& config_;
  Run run_;
  std::atomic<std::size_t> pending_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  TaskQueue queue_;
  LatencyCurve curve_;
  double arrivals_ = 0;  // rows a second, a moving mean
  std::uint64_t last_arrival_ = 0;
  std::size_t waiting_threads_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gyre
