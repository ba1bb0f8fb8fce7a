#include "store/postgres_pulse.hpp"

#include "store/libpq.hpp"

namespace gyre {

bool PostgresPulse::beats() {
  using Clock = std::chrono::steady_clock;
  std::lock_guard lock(mutex_);
  if (Clock::now() < asked_ + std::chrono::seconds(2)) return beats_;  // somebody else has just asked
  const char* keys[] = {"connect_timeout", "dbname", nullptr};
  const char* values[] = {"5", place_.url.c_str(), nullptr};
  beats_ = libpq().pingParams(keys, values, 1) != PQPING_NO_RESPONSE;
  asked_ = Clock::now();
  return beats_;
}

}  // namespace gyre
