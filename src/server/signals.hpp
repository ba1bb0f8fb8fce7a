#pragma once
#include <signal.h>

namespace gyre {

// Signals that end a server are taken by the one thread that waits for them: nothing runs in a handler. Made before
// any other thread, so that none of them is interrupted.
class StopSignals {
 public:
  StopSignals();
  void wait() const;  // until SIGINT or SIGTERM

 private:
  sigset_t set_;
};

}  // namespace gyre
