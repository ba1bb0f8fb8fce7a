#pragma once
// What comes to one I/O thread at a time: the clients that one wait for events found ready. Requests of a round for the
// same quick model are run together, since one run of many rows costs little more than one of a single row, and answers
// are sent back to back. Nobody waits longer for that than a client would notice.
#include <utility>
#include <vector>

#include "serve/infer.hpp"

namespace gyre {

class Round {
 public:
  // This thread's, while more of its clients are to be looked at or some wait already; nothing on other threads.
  static Round* open();
  void belong_to_this_thread();
  // A request is answered on this thread, without a queue: its client may ask again soon.
  static void answered_here();
  bool take_answered() { return std::exchange(answered_, false); }

  void expect_more(bool more) { more_ = more; }
  bool may_wait() const;
  void begin_waiting();  // something waits for the end of the round from now on
  void add(TaskPointer task);
  void end();  // runs what was added

 private:
  bool more_ = false, answered_ = false;
  double since_ = 0;  // seconds; 0: nothing waits
  std::vector<TaskPointer> tasks_;
};

}  // namespace gyre
