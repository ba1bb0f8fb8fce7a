#pragma once
// What a model did since it was loaded, with the names and meanings of the protocol's statistics. Each thread counts in
// a place of its own, so that counting costs no waiting.
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace gyre {

struct Duration {
  std::uint64_t count = 0;
  std::uint64_t ns = 0;
  void add(std::uint64_t nanoseconds) { count++, ns += nanoseconds; }
  void add(const Duration& other) { count += other.count, ns += other.ns; }
};

struct BatchCounts {
  Duration input, infer, output;
};

// Upper bounds of the latency histogram's buckets, in seconds.
inline constexpr std::array latency_bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                           0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};

struct Counts {
  Duration success, fail, queue, input, infer, output, cache_hit, cache_miss;
  std::uint64_t rows = 0;  // that were computed: a cache hit adds none
  std::uint64_t executions = 0;
  std::int64_t last_ms = 0;
  std::map<std::size_t, BatchCounts> batches;
  std::map<std::string, std::uint64_t, std::less<>> failures;  // by reason
  std::array<std::uint64_t, latency_bounds.size() + 1> latencies{};
  void add(const Counts& other);
  void add_latency(std::uint64_t ns);
};

class Statistics {
 public:
  // Calls `count(Counts&)` on this thread's part.
  template <class Count>
  void count(const Count& count) {
    Part& part = parts_[own_part()];
    std::lock_guard lock(part.mutex);
    count(part.counts);
  }
  Counts total() const;

 private:
  struct alignas(64) Part {
    mutable std::mutex mutex;  // guards counts; hardly ever contended
    Counts counts;
  };
  static std::size_t own_part();
  static constexpr std::size_t part_count = 16;
  std::array<Part, part_count> parts_;
};

}  // namespace gyre
