#pragma once
// For the server's tests: a client that may misbehave, and a server with a few routes.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/http_client.hpp"
#include "server/http_server.hpp"

namespace gyre::testing {

class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  RawClient& send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return *this;
  }
  // Until `text` was seen, the server closed, or five seconds passed.
  std::string receive_until(std::string_view text) {
    while (text.empty() || received_.find(text) == std::string::npos) {
      pollfd poller{socket_.get(), POLLIN, 0};
      if (::poll(&poller, 1, 5000) <= 0) return received_ + "<silence>";
      char piece[4096];
      ssize_t n = ::recv(socket_.get(), piece, sizeof piece, 0);
      if (n <= 0) {
        closed = true;
        break;
      }
      received_.append(piece, static_cast<std::size_t>(n));
    }
    return received_;
  }
  std::string receive_all() { return receive_until(""); }
  void hang_up() { socket_.reset(); }
  bool closed = false;

 private:
  FileHandle socket_;
  std::string received_;
};

struct Site {
  TemporaryFolder folder;
  RouteTable routes;
  std::atomic<int> slow_ones = 0;
  std::unique_ptr<HttpServer> server;
  int port = 0;

  explicit Site(std::function<void(ServerOptions&)> change = {}, std::optional<TlsFiles> tls = {}) {
    write_file(folder.path() / "digits", "0123456789");
    routes.mount({
        {"GET", "/hello/{name}", "",
         [](Request& request) {
           return json_response(
               {{"name", request.param("name")}, {"who", request.who}, {"q", request.query_value("q").value_or("")}});
         }},
        {"POST", "/echo", "",
         [](Request& request) { return Response{.content_type = "text/plain", .body = request.body}; }},
        {"POST", "/length", "",
         [](Request& request) {
           return json_response({{"bytes", request.body.size()}});
         }},
        {"GET", "/digits", "",
         [this](Request&) { return Response{.content_type = "text/plain", .file = folder.path() / "digits"}; }},
        {"GET", "/nothing", "", [this](Request&) { return Response{.file = folder.path() / "absent"}; }},
        {"PUT", "/file", "",
         [](Request& request) {
           return json_response(
               {{"digest", digest_of_file(*request.body_file)}, {"size", fs::file_size(*request.body_file)}});
         },
         true},
        {"PUT", "/hashed", "",
         [](Request& request) {
           return json_response({{"digest", request.body_digest}});
         },
         /*spool=*/true, /*hashed=*/true},
        {"GET", "/slow", "",
         [this](Request&) {
           slow_ones++;
           std::this_thread::sleep_for(std::chrono::milliseconds(300));
           return json_response({{"slow", true}});
         }},
        {"GET", "/broken", "", [](Request&) -> Response { throw std::runtime_error("a bug"); }},
    });
    ServerOptions options{.spool = folder.path() / "spool", .body_limit = 12 << 20};
    if (change) change(options);
    server = std::make_unique<HttpServer>(options);
    port = server->listen({.routes = &routes, .tls = std::move(tls)});
  }
  std::string url(std::string_view path, std::string_view scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + std::string(path);
  }
  Response get(std::string_view path, const Headers& headers = {}) {
    return http_request("GET", url(path), {}, headers);
  }
};

inline std::string some_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; i++) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  return bytes;
}

}  // namespace gyre::testing
