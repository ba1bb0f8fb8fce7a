#pragma once
// Keeps idle cores from being halted while clients ask in quick succession (base/awake_cores.hpp). A client that waits
// for each answer sleeps and is woken for each, which takes longer than the answer itself.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/file.hpp"

namespace gyre {

class Awake {
 public:
  explicit Awake(bool wanted);
  ~Awake();
  Awake(const Awake&) = delete;
  void asked();  // a client asked something; from any thread, a few nanoseconds

 private:
  using Clock = std::chrono::steady_clock;
  static Clock::rep now() { return Clock::now().time_since_epoch().count(); }
  void hold();
  void let_go_when_quiet();
  std::atomic<bool> held_ = true;  // true as well where it cannot be held: then nothing is to be done
  std::atomic<Clock::rep> last_ = 0;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  FileHandle device_;
  bool ending_ = false;
  std::thread thread_;  // lets go
};

}  // namespace gyre
