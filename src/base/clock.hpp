#pragma once
// Time: the wall clock in milliseconds, and ISO 8601 texts of it.
#include <cstdint>
#include <string>

namespace gyre {

std::int64_t now_ms();                  // since 1970, UTC
double seconds_since_start();           // monotonic
std::string iso_time(std::int64_t ms);  // 2026-02-03T04:05:06.789Z
inline std::string iso_now() { return iso_time(now_ms()); }
std::string short_duration(double seconds);  // "3 s", "2 min 10 s"
std::string short_size(double bytes);        // "2.9 MB"

}  // namespace gyre
