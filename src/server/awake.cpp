#include "server/awake.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

namespace gyre {

static constexpr const char* device = "/dev/cpu_dma_latency";
// Who asks again within this time talks; who does not has ended.
static constexpr auto in_talk = std::chrono::milliseconds(10);

Awake::Awake(bool wanted) {
  if (!wanted || ::access(device, W_OK) != 0) return;
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
  FileHandle opened(::open(device, O_WRONLY | O_CLOEXEC));
  std::int32_t microseconds = 0;
  // Where the system changes its mind nothing is held, and it is not tried again.
  if (opened && ::write(opened.get(), &microseconds, sizeof microseconds) == sizeof microseconds)
    device_ = std::move(opened);
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
