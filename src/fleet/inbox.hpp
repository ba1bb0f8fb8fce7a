#pragma once
// What devices send. First a message is stored, once whatever the bus repeats; only then is it acknowledged; then it is
// handled, exactly once in effect, also when the server was killed in between.
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "fleet/devices.hpp"

namespace gyre {

// Takes the body of one kind of message. It runs in the transaction that marks the message as handled: rows it writes
// and the mark come together. What it throws as `full` or `unavailable` is tried again later; anything else is kept
// with the message as its error.
using Intake = std::function<void(const std::string& device, std::int64_t at, const json::value& body)>;

class Inbox {
 public:
  Inbox(Workspace& workspace, Devices& devices) : workspace_(workspace), devices_(devices) {}
  void on(const std::string& kind, Intake intake) { intakes_[kind] = std::move(intake); }

  // Stores one `up` payload durably; the seq to acknowledge. Error{invalid} for what has not even a seq, Error{denied}
  // for a device that is unknown or revoked.
  std::int64_t store(const std::string& device, std::string_view payload);
  // Handles what waits, oldest first; how many. False in `all` when something has to be tried again later.
  struct Handled {
    std::size_t count = 0;
    bool all = true;
  };
  Handled handle_waiting();
  // Forgets old seqs: a device repeats only what is not acknowledged, which is recent.
  void prune();

 private:
  void handle(const Row& row);
  Workspace& workspace_;
  Devices& devices_;
  std::map<std::string, Intake, std::less<>> intakes_;
};

}  // namespace gyre
