#include "track/metric_writer.hpp"

namespace gyre {

MetricWriter::MetricWriter(Workspace& workspace) : workspace_(workspace), thread_([this] { run(); }) {}

MetricWriter::~MetricWriter() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void MetricWriter::write(std::function<void()> job) {
  auto waiting = std::make_shared<Waiting>(Waiting{.job = std::move(job), .attended = true});
  std::unique_lock lock(mutex_);
  queued_.push_back(waiting);
  changed_.notify_all();
  changed_.wait(lock, [&] { return waiting->done; });
  if (waiting->failure) std::rethrow_exception(waiting->failure);
}

void MetricWriter::queue(std::function<void()> job) {
  std::lock_guard lock(mutex_);
  queued_.push_back(std::make_shared<Waiting>(Waiting{.job = std::move(job)}));
  changed_.notify_all();
}

void MetricWriter::flush() {
  write([] {});
  std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(std::exchange(failure_, {}));
}

void MetricWriter::commit(const std::deque<std::shared_ptr<Waiting>>& jobs) {
  auto& rows = workspace_.rows();
  try {
    rows.transaction([&] {
      for (auto& waiting : jobs) {
        rows.script("SAVEPOINT job");
        try {
          waiting->job();
        } catch (...) {
          waiting->failure = std::current_exception();
          rows.script("ROLLBACK TO job");
        }
        rows.script("RELEASE job");
      }
    });
  } catch (...) {  // the commit itself failed (a full disk): nothing of it was written
    for (auto& waiting : jobs)
      if (!waiting->failure) waiting->failure = std::current_exception();
  }
}

void MetricWriter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || !queued_.empty(); });
    if (queued_.empty()) return;
    auto jobs = std::exchange(queued_, {});
    lock.unlock();
    commit(jobs);
    lock.lock();
    for (auto& waiting : jobs) {
      waiting->done = true;
      if (!waiting->attended && waiting->failure && !failure_) failure_ = waiting->failure;
    }
    changed_.notify_all();
  }
}

}  // namespace gyre
