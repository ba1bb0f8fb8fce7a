#pragma once
#include "base/file.hpp"

namespace gyre {

// While it is open idle cores wait without being halted. Waking a halted core of a virtual machine takes 50 us and
// more; Linux lets a program that holds /dev/cpu_dma_latency open say how long waking may take. By default only root
// may: for others it is closed from the start.
FileHandle keep_cores_awake();
bool can_keep_cores_awake();

}  // namespace gyre
