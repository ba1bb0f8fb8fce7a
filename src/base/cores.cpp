#include "base/cores.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace gyre {

// A container's processor limit, in cores; 0 where there is none.
static double quota() {
  double most = 0, period = 0;
  if (std::ifstream("/sys/fs/cgroup/cpu.max") >> most >> period && most > 0 && period > 0) return most / period;
  std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (quota_file >> most && period_file >> period && most > 0 && period > 0) return most / period;
  return 0;
}

std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  double cores = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  if (double limit = quota(); limit > 0) cores = std::min(cores, limit);
  return std::max<std::size_t>(1, static_cast<std::size_t>(cores + 0.5));
}

}  // namespace gyre
