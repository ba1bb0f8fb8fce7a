#pragma once
// One sweep in flight: its thread starts trials, looks at what they report, ends those that are not worth it.
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "search/sampler.hpp"
#include "search/sweep.hpp"
#include "search/sweep_spec.hpp"

namespace gyre {

class SweepRun {
 public:
  SweepRun(Workspace& workspace, Engine& engine, std::string id, json::object row, bool attach);
  ~SweepRun();
  void start();
  void stop() { stop_ = true; }
  json::object status(std::int64_t seen, double wait_seconds);
  bool running();

 private:
  void go();
  void take_up_again();
  bool launch();  // false: there is nothing more to start
  void begin(Trial& trial);
  void look_at(Trial& trial);
  void read_reports(Trial& trial, const json::object& node);
  void tag(Trial& trial);
  void end_early(Trial& trial, const std::string& why);
  void finish();
  void record(const Trial& trial);
  void record_self();
  double elapsed() const;
  std::size_t running_trials() const;
  const Trial* best() const;
  double time_left() const;
  json::object described() const;

  Workspace& workspace_;
  Engine& engine_;
  const std::string id_;
  const SweepSpec spec_;
  const std::string parent_run_;
  const bool attach_;  // the engine goes on with the trials that ran
  std::unique_ptr<Sampler> sampler_;
  std::size_t concurrent_;
  int threads_each_;
  double began_, spent_before_;
  std::atomic<bool> stop_{false}, abandon_{false};
  std::string state_ = "running", error_;
  std::map<std::size_t, Trial> trials_;
  std::map<std::size_t, Curve> curves_;
  std::map<std::size_t, double> trial_began_;
  std::int64_t changes_ = 0;
  std::mutex mutex_;  // guards what is above it but the constants
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace gyre
