#pragma once
// The agent's log: standard error, one line each, with the time.
#include <cstdio>
#include <string_view>

#include "base/clock.hpp"

namespace gyre {

inline void log_line(std::string_view text) {
  std::fprintf(stderr, "%s %.*s\n", iso_now().c_str(), static_cast<int>(text.size()), text.data());
}

}  // namespace gyre
