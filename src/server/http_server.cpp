#include "server/http_server.hpp"

#include <sys/stat.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <list>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "server/connection.hpp"
#include "server/tls.hpp"

namespace gyre {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Door {
  tcp::acceptor acceptor;  // on a strand of its own
  const RouteTable* routes;
  std::unique_ptr<TlsSource> tls;
  Admit admit;
};

// Beside those for handlers that wait: for what is quick, one of which may wait for the disk in the name of others.
static constexpr int quick_threads = 2;

struct HttpServer::Body {
  explicit Body(ServerOptions options) : shared(std::move(options)) {}
  int thread_count() const { return shared.options.workers + quick_threads; }

  asio::awaitable<void> accept(Door& door) {
    while (!shared.stopping) {
      auto [error, socket] = co_await door.acceptor.async_accept(io, asio::as_tuple(asio::use_awaitable));
      if (shared.stopping) co_return;
      if (error) {  // out of file descriptors, or the client left again: go on in a moment
        shared.log("accept: " + error.message());
        asio::steady_timer pause(door.acceptor.get_executor(), std::chrono::milliseconds(50));
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        continue;
      }
      if (shared.count() >= shared.options.connections) {
        spawn(io.get_executor(), turn_away(std::move(socket)));
        continue;
      }
      TlsContext tls;
      try {
        if (door.tls) tls = door.tls->current();
      } catch (const Error& broken) {  // a file was replaced by a bad one: nobody may come in unchecked
        shared.log(broken.text());
        continue;
      }
      spawn(io.get_executor(), serve_connection(shared, std::move(socket), *door.routes, std::move(tls), door.admit));
    }
  }

  // Ends what waits too long.
  asio::awaitable<void> watch() {
    auto& options = shared.options;
    double least = std::min({options.idle_seconds, options.header_seconds, options.piece_seconds});
    auto pause = std::chrono::duration<double>(std::clamp(least / 4, 0.01, 0.5));
    while (!shared.stopping) {
      clock.expires_after(std::chrono::duration_cast<std::chrono::nanoseconds>(pause));
      co_await clock.async_wait(asio::as_tuple(asio::use_awaitable));
      shared.close(ServerShared::Which::overdue);
    }
  }

  template <class Executor>
  void spawn(const Executor& where, asio::awaitable<void> work) {
    asio::co_spawn(where, std::move(work), [this](std::exception_ptr failure) {
      try {
        if (failure) std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        shared.log(std::string("connection: ") + error.what());
      }
    });
  }

  ServerShared shared;
  asio::io_context io{thread_count()};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  asio::steady_timer clock{asio::make_strand(io)};
  std::list<Door> doors;  // the caller's of listen() and stop()
  std::atomic<int> running{thread_count()};
  std::promise<void> ended;
  std::vector<std::thread> threads;
};

// A bodies' folder that a killed server left behind holds only halves.
static void empty_spool(const fs::path& folder) {
  if (folder.empty()) return;
  make_folders(folder);
  for (auto& file : files_below(folder)) remove_tree(folder / file);
}

HttpServer::HttpServer(ServerOptions options) : body_(std::make_unique<Body>(std::move(options))) {
  empty_spool(body_->shared.options.spool);
  body_->spawn(body_->clock.get_executor(), body_->watch());
  for (int i = 0; i < body_->thread_count(); i++)
    body_->threads.emplace_back([body = body_.get()] {
      do body->shared.places.take();
      while (body->io.run_one() > 0);
      body->shared.places.leave();
      if (--body->running == 0) body->ended.set_value();
    });
}

HttpServer::~HttpServer() { stop(); }

int HttpServer::listen(const Listener& listener) {
  if (!listener.routes) throw Error(Code::internal, "a listener without routes");
  boost::system::error_code error;
  auto address = asio::ip::make_address(listener.address, error);
  std::string where = listener.address + ":" + std::to_string(listener.port);
  if (error || listener.port < 0 || listener.port > 65535)
    throw Error(Code::invalid, where + " is no address to listen on",
                "give an IP address and a port, as 127.0.0.1:7080");
  for (auto& route : listener.routes->routes())
    if (route.spool && body_->shared.options.spool.empty())
      throw Error(Code::internal,
                  "route " + route.pattern + " spools its bodies, but the server has no folder for them");
  tcp::acceptor acceptor(asio::make_strand(body_->io));
  tcp::endpoint endpoint(address, static_cast<unsigned short>(listener.port));
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error == asio::error::address_in_use)
    throw Error(Code::conflict, where + " is in use by another program", "stop it, or choose another port");
  if (error) throw Error(Code::unavailable, "cannot listen on " + where + ": " + error.message());
  int port = acceptor.local_endpoint().port();
  auto tls = listener.tls ? std::make_unique<TlsSource>(*listener.tls) : nullptr;
  auto& door = body_->doors.emplace_back(Door{std::move(acceptor), listener.routes, std::move(tls), listener.admit});
  body_->spawn(door.acceptor.get_executor(), body_->accept(door));
  return port;
}

void HttpServer::stop(double patience) {
  if (body_->threads.empty()) return;
  body_->shared.stopping = true;
  for (auto& door : body_->doors)
    asio::post(door.acceptor.get_executor(), [&door] {
      boost::system::error_code ignored;  // closing has nothing to report
      door.acceptor.close(ignored);
    });
  asio::post(body_->clock.get_executor(), [body = body_.get()] { body->clock.cancel(); });
  body_->shared.close(ServerShared::Which::idle);
  body_->work.reset();
  auto ended = body_->ended.get_future();
  if (ended.wait_for(std::chrono::duration<double>(patience)) != std::future_status::ready)
    body_->shared.close(ServerShared::Which::all);
  for (auto& thread : body_->threads) thread.join();
  body_->threads.clear();
}

}  // namespace gyre
