#include "serve/scheduler.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

Scheduler::Scheduler(const ModelConfig& config, Run run) : config_(config), run_(std::move(run)), queue_(config) {}

Scheduler::~Scheduler() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Scheduler::submit(TaskPointer task) {
  std::lock_guard lock(mutex_);
  std::uint64_t now = nanoseconds();
  auto rows = static_cast<double>(task->rows);
  queue_.push(std::move(task), now);
  pending_++;
  // A mean over about a tenth of a second, so that a burst is seen while it lasts.
  double gap = last_arrival_ ? static_cast<double>(now - last_arrival_) * 1e-9 : 1;
  double kept = std::exp(-gap / 0.1);
  arrivals_ = arrivals_ * kept + rows * (1 - kept) / std::max(gap, 1e-6);
  last_arrival_ = now;
  if (waiting_threads_ == 0 && threads_.size() < config_.instances)
    threads_.emplace_back([this] { work(); });
  else
    changed_.notify_one();
}

void Scheduler::learn(std::size_t rows, double seconds) {
  std::lock_guard lock(mutex_);
  curve_.learn(rows, seconds);
}

BatchChoice Scheduler::choose(std::uint64_t now) const {
  std::size_t most = config_.batching == Batching::off ? 1 : std::max<std::size_t>(1, config_.max_batch);
  std::uint64_t arrived = queue_.oldest_arrival();
  double oldest = now > arrived ? static_cast<double>(now - arrived) * 1e-9 : 0;
  QueueState state{queue_.joinable_rows(most), oldest, arrivals_, config_.instances};
  if (ending_ || config_.max_batch == 0 || config_.batching == Batching::off) return {state.rows, 0};
  if (config_.batching == Batching::fixed) return choose_fixed(config_, state);
  return choose_automatic(curve_, state, most, config_.latency_target_ms * 1e-3);
}

void Scheduler::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (queue_.empty()) {
      if (ending_) return;
      waiting_threads_++;
      changed_.wait(lock, [&] { return ending_ || !queue_.empty(); });
      waiting_threads_--;
      continue;
    }
    std::uint64_t now = nanoseconds();
    if (auto refused = queue_.expired(now); !refused.empty()) {
      lock.unlock();
      for (auto& task : refused) {
        pending_--;
        fail(task,
             Error(Code::unavailable, "the request waited longer than its timeout for model " + task->request.model));
      }
      lock.lock();
      continue;
    }
    auto choice = choose(now);
    if (choice.rows == 0) {
      waiting_threads_++;
      changed_.wait_for(lock, std::chrono::duration<double>(std::max(choice.wait, 1e-5)));
      waiting_threads_--;
      continue;
    }
    auto batch = queue_.take(choice.rows);
    // The other instances may be needed for what is left.
    if (!queue_.empty()) {
      if (waiting_threads_ > 0)
        changed_.notify_one();
      else if (threads_.size() < config_.instances && !ending_)
        threads_.emplace_back([this] { work(); });
    }
    lock.unlock();
    std::size_t count = batch.size();
    run_(batch);
    batch.clear();
    pending_ -= count;
    lock.lock();
  }
}

}  // namespace gyre
