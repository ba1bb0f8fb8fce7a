#pragma once
// Remaining life: how long until a run to failure ends, bounded above, because far from its end nothing shows yet.
#include <algorithm>

namespace gyre {

inline double remaining_life(double end, double now, double most) { return std::min(most, end - now); }

}  // namespace gyre
