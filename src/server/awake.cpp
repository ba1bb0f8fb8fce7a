#include "server/awake.hpp"

#include "base/awake_cores.hpp"

namespace gyre {

// Who asks again within this time talks; who does not has ended.
static constexpr auto in_talk = std::chrono::milliseconds(10);

Awake::Awake(bool wanted) {
  if (!wanted || !can_keep_cores_awake()) return;
  held_ = false;
  thread_ = std::thread([this] { let_go_when_quiet(); });
}

Awake::~Awake() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Awake::asked() {
  auto at = now();
  auto before = last_.exchange(at, std::memory_order_relaxed);
  if (held_.load(std::memory_order_relaxed) || Clock::duration(at - before) > in_talk) return;
  hold();
}

void Awake::hold() {
  std::lock_guard lock(mutex_);
  if (held_) return;
  device_ = keep_cores_awake();  // where the system changes its mind nothing is held, and it is not tried again
  held_ = true;
  changed_.notify_one();
}

void Awake::let_go_when_quiet() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (!device_) {
      changed_.wait(lock);
      continue;
    }
    changed_.wait_for(lock, in_talk);
    if (Clock::duration(now() - last_.load()) <= in_talk) continue;
    device_ = {};
    held_ = false;
  }
}

}  // namespace gyre
