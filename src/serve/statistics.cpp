#include "serve/statistics.hpp"

#include <algorithm>
#include <atomic>

namespace gyre {

void Counts::add(const Counts& other) {
  success.add(other.success);
  fail.add(other.fail);
  queue.add(other.queue);
  input.add(other.input);
  infer.add(other.infer);
  output.add(other.output);
  cache_hit.add(other.cache_hit);
  cache_miss.add(other.cache_miss);
  rows += other.rows;
  executions += other.executions;
  last_ms = std::max(last_ms, other.last_ms);
  for (auto& [size, batch] : other.batches) {
    auto& sum = batches[size];
    sum.input.add(batch.input);
    sum.infer.add(batch.infer);
    sum.output.add(batch.output);
  }
  for (auto& [reason, number] : other.failures) failures[reason] += number;
  for (std::size_t i = 0; i < latencies.size(); i++) latencies[i] += other.latencies[i];
}

void Counts::add_latency(std::uint64_t ns) {
  double seconds = static_cast<double>(ns) * 1e-9;
  auto bound = std::lower_bound(latency_bounds.begin(), latency_bounds.end(), seconds);
  latencies[static_cast<std::size_t>(bound - latency_bounds.begin())]++;
}

std::size_t Statistics::own_part() {
  static std::atomic<std::size_t> threads = 0;
  static thread_local std::size_t number = threads++;
  return number % part_count;
}

Counts Statistics::total() const {
  Counts sum;
  for (auto& part : parts_) {
    std::lock_guard lock(part.mutex);
    sum.add(part.counts);
  }
  return sum;
}

}  // namespace gyre
