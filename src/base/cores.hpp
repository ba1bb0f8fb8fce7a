#pragma once
#include <cstddef>

namespace gyre {

// Cores that this process may use: its affinity and its control group's share, not what the machine has.
std::size_t usable_cores();

}  // namespace gyre
