#pragma once
// A thread that waits for many sockets at once. What belongs to a connection is touched by its thread only, or by one
// that does the thread's work while that sleeps.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/file.hpp"
#include "serve/front.hpp"
#include "serve/round.hpp"
#include "server/awake.hpp"

namespace gyre {

class Connection;
class Protocol;
class TlsChannel;

// What the I/O threads of a front share.
struct FrontShared {
  explicit FrontShared(FrontOptions given) : options(given), awake(given.awake) {}
  FrontOptions options;
  Awake awake;
  const std::atomic<bool>* log_wanted = nullptr;
  std::function<void(const AnsweredRequest& answered)> log;
  bool logs() const { return log_wanted && log_wanted->load(std::memory_order_relaxed); }
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> body_bytes = 0;  // of large bodies that are kept now
  std::atomic<bool> draining = false;       // no new connections; idle ones are closed
};

using MakeProtocol = std::function<std::unique_ptr<Protocol>(Connection& connection)>;

class IoThread {
 public:
  explicit IoThread(FrontShared& shared);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  FrontShared& shared() { return shared_; }
  bool here() const { return std::this_thread::get_id() == owner_.load(std::memory_order_relaxed); }
  void post(std::function<void()> work);  // from any thread
  // From any thread that holds no lock: where the I/O thread sleeps the work is done now, by this one. On a machine
  // whose cores all compute, waking a thread costs two switches and the caches of the one that it displaces.
  void post_or_do(std::function<void()> work);
  // From any thread; `tls` may be empty.
  void adopt(FileHandle socket, std::unique_ptr<TlsChannel> tls, const MakeProtocol& make);
  void accept_on(int listener, std::function<void()> acceptable);  // from any thread
  std::size_t load() const { return load_; }
  double now() const { return now_; }  // seconds, as of the last event
  // Whether an answer may wait for those of the other clients that are ready: sent back to back, answers wake a client
  // program once instead of once for each.
  bool may_hold() const { return here() && round_.may_wait(); }
  void hold(Connection& connection);  // it has something to send
  void forget(Connection& connection);
  void end();  // closes everything and ends the thread

 private:
  class Turn;
  void run();
  bool add(std::function<void()> work);
  void wake();
  void do_posted();
  void sweep();
  void let_go();
  void end_round();
  FrontShared& shared_;
  FileHandle epoll_, wake_;
  std::atomic<std::size_t> load_ = 0;
  double now_ = 0;
  double next_sweep_ = 0;
  bool ending_ = false;
  Round round_;
  std::vector<std::shared_ptr<Connection>> held_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<Connection>> closed_;  // until no event of this round can name them
  std::unordered_map<int, std::function<void()>> listeners_;
  std::mutex turn_;  // whose it is works for this thread: guards all but the atomic ones and posted_
  std::atomic<std::thread::id> owner_;
  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
  std::thread thread_;
};

}  // namespace gyre
