#include "base/awake_cores.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

namespace gyre {

static constexpr const char* device = "/dev/cpu_dma_latency";

bool can_keep_cores_awake() { return ::access(device, W_OK) == 0; }

FileHandle keep_cores_awake() {
  FileHandle opened(::open(device, O_WRONLY | O_CLOEXEC));
  std::int32_t microseconds = 0;
  if (opened && ::write(opened.get(), &microseconds, sizeof microseconds) != sizeof microseconds) opened.reset();
  return opened;
}

}  // namespace gyre
