#pragma once
// Whether PostgreSQL answers at all: one question for all who wait for it.
#include <chrono>
#include <mutex>

#include "store/postgres_sql.hpp"

namespace gyre {

class PostgresPulse {
 public:
  explicit PostgresPulse(PostgresPlace place) : place_(std::move(place)) {}
  // Waits a few seconds for it. True also when it answers that it cannot serve us.
  bool beats();

 private:
  PostgresPlace place_;
  std::mutex mutex_;  // guards the two; held while it is asked
  std::chrono::steady_clock::time_point asked_{};
  bool beats_ = true;
};

}  // namespace gyre
