#include "learn/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace gyre {

void for_each(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failed;  // guarded by mutex
  auto body = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      std::lock_guard lock(mutex);
      if (!failed) failed = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(count, static_cast<std::size_t>(std::max(1, threads))); i++)
      others.emplace_back(body);
    body();
  }
  if (failed) std::rethrow_exception(failed);
}

void for_rows(std::size_t rows, int threads, const std::function<void(std::size_t, std::size_t)>& work) {
  std::size_t parts = std::clamp<std::size_t>(rows / 256, 1, static_cast<std::size_t>(std::max(1, threads)));
  for_each(parts, threads, [&](std::size_t i) { work(rows * i / parts, rows * (i + 1) / parts); });
}

}  // namespace gyre
