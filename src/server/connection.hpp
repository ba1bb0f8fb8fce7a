#pragma once
// One client's connection, as a coroutine on the server's I/O thread. Nothing here is touched by another thread, except
// that handlers and file I/O run on the workers while the coroutine waits for them.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <set>

#include "server/http_server.hpp"

namespace gyre {

struct OpenConnection;

// What the connections of a server share.
struct ServerShared {
  ServerOptions options;
  boost::asio::thread_pool workers;
  std::set<OpenConnection*> connections{};
  bool stopping = false;
  explicit ServerShared(ServerOptions given)
      : options(std::move(given)), workers(static_cast<std::size_t>(options.workers)) {}
  void log(const std::string& line) const {
    if (options.log) options.log(line);
  }
};

// So that stop() can reach what waits: lives as long as the connection.
struct OpenConnection {
  OpenConnection(ServerShared& shared, boost::asio::ip::tcp::socket socket);
  ~OpenConnection();
  OpenConnection(const OpenConnection&) = delete;
  ServerShared& shared;
  boost::beast::tcp_stream stream;
  bool idle = true;  // between two requests: nothing is lost by closing it
};

using TlsContext =
    std::shared_ptr<boost::asio::ssl::context>;  // shared: replaced for new clients, kept by those in talk

// Serves until the client leaves; `tls` may be empty.
boost::asio::awaitable<void> serve_connection(ServerShared& shared, boost::asio::ip::tcp::socket socket,
                                              const RouteTable& routes, TlsContext tls);
// Says 503 and closes.
boost::asio::awaitable<void> turn_away(boost::asio::ip::tcp::socket socket);

}  // namespace gyre
