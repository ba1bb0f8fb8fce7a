#include "server/signals.hpp"

namespace gyre {

StopSignals::StopSignals() {
  ::sigemptyset(&set_);
  ::sigaddset(&set_, SIGINT);
  ::sigaddset(&set_, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

void StopSignals::wait() const {
  int number = 0;
  ::sigwait(&set_, &number);
}

}  // namespace gyre
