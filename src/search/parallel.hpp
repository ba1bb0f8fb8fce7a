#pragma once
// The same work for each of many things, on several threads.
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gyre {

// Calls work(i) for every i below count; the first failure is thrown when all have ended.
template <class Work>
void for_each_parallel(std::size_t count, int threads, Work&& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // guards failure
  std::exception_ptr failure;
  auto run = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (int i = 1; i < threads && std::size_t(i) < count; i++) helpers.emplace_back(run);
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace gyre
