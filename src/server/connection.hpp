#pragma once
// One client's connection, as a coroutine that waits for one thing at a time: whichever thread of the server is free
// goes on with it, also through its handler and file I/O, so that a request wakes one thread and not three.
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>

#include "server/awake.hpp"
#include "server/http_server.hpp"

namespace gyre {

struct OpenConnection;

// The places of the threads that go on with connections: about as many as there are cores, for more threads would only
// wake each other. A thread that is about to wait for a disk or a handler leaves its place to one of the others.
class Places {
 public:
  explicit Places(int count) : free_(count) {}
  void take();   // for this thread, when it has none: waits for one
  void leave();  // when it has one

 private:
  // Not a std::counting_semaphore: those who wait for one are all woken, and yield in circles.
  std::mutex mutex_;  // guards free_
  std::condition_variable given_;
  int free_;
};

// Turns of handlers that may wait: there are fewer than threads, so that what is quick (route.hpp), health above all,
// is answered whatever the others wait for. Who gets none waits without a thread.
class Turns {
 public:
  explicit Turns(int count) : free_(count) {}
  // False: none is free; `then`, if given, is called when it is his turn.
  bool take(const std::function<void()>& then = {});
  void give();

 private:
  std::mutex mutex_;  // guards both
  int free_;
  std::deque<std::function<void()>> waiting_;
};

// What the connections of a server share.
struct ServerShared {
  ServerOptions options;
  std::atomic<bool> stopping = false;
  std::mutex mutex;  // guards connections
  std::set<OpenConnection*> connections{};
  Places places;
  Turns turns;
  Awake awake;
  explicit ServerShared(ServerOptions given);
  void log(const std::string& line) const {
    if (options.log) options.log(line);
  }
  std::size_t count() {
    std::lock_guard lock(mutex);
    return connections.size();
  }
  // Cuts some: those between two requests, all, or those whose time is over. What they wait for ends with an error.
  enum class Which { idle, all, overdue };
  void close(Which which);
};

// So that stop() and the clock can reach what waits: lives as long as the connection.
struct OpenConnection {
  using Clock = std::chrono::steady_clock;
  OpenConnection(ServerShared& shared, boost::asio::ip::tcp::socket socket);
  ~OpenConnection();
  OpenConnection(const OpenConnection&) = delete;
  bool is(ServerShared::Which which) const;
  // What the connection waits for next may take so long. Looked at a few times a second: a timer for each wait would
  // cost more than the waits.
  void allow(double seconds);
  void allow_any_time();

  ServerShared& shared;
  boost::asio::ip::tcp::socket socket;
  std::atomic<bool> idle = true;  // between two requests: nothing is lost by closing it
  std::atomic<Clock::time_point> until = Clock::time_point::max();
};

using TlsContext =
    std::shared_ptr<boost::asio::ssl::context>;  // shared: replaced for new clients, kept by those in talk

using Admit = std::function<std::optional<Response>(Request&)>;

// Serves until the client leaves; `tls` and `admit` may be empty.
boost::asio::awaitable<void> serve_connection(ServerShared& shared, boost::asio::ip::tcp::socket socket,
                                              const RouteTable& routes, TlsContext tls, const Admit& admit);
// Says 503 and closes.
boost::asio::awaitable<void> turn_away(boost::asio::ip::tcp::socket socket);

}  // namespace gyre
