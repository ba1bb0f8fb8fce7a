#pragma once
// Carries route tables over HTTP/1.1: several listeners in one server, TLS with client certificates where asked for.
// A few threads share all connections; handlers run on them and may block. Starts in well under a millisecond; stop()
// lets what runs finish. docs/formats/rest.md says what clients can rely on.
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/route.hpp"

namespace gyre {

// A request's header with the client's address: no client can send a name with a colon in it.
inline constexpr std::string_view peer_header = ":peer";

struct TlsFiles {
  std::filesystem::path certificate;  // PEM, the server's own first
  std::filesystem::path key;
  // When set, a client must show a certificate of this authority; its common name becomes Request::who.
  std::filesystem::path client_ca{};
  std::filesystem::path revoked{};  // the authority's revocation list, PEM; read again when the file changes
  bool client_optional = false;     // clients without a certificate may come in too
};

struct Listener {
  std::string address = "127.0.0.1";
  int port = 0;                        // 0: a free one
  const RouteTable* routes = nullptr;  // must outlive the server and not change any more
  std::optional<TlsFiles> tls{};
  // Sees each request before its body is read: sets who asks, or gives the answer that refuses it. On an I/O thread: it
  // must not block.
  std::function<std::optional<Response>(Request&)> admit{};
};

struct ServerOptions {
  std::filesystem::path spool{};      // folder for the bodies of `spool` routes; emptied on start, owned by the server
  std::size_t body_limit = 16 << 20;  // of bodies kept in memory; more is answered with 413
  std::size_t header_limit = 32 << 10;  // request line and headers; more is answered with 431
  int workers = 16;                     // threads: handlers that may wait at the same time
  std::size_t connections = 1024;       // more are turned away with 503
  double idle_seconds = 75;             // between two requests of one connection
  double header_seconds = 15;           // from the first byte of a request to the end of its headers
  double piece_seconds = 30;            // for each 64 KiB of a body, in and out
  bool awake = true;                    // while clients ask in quick succession, no core is halted (server/awake.hpp)
  std::function<void(std::string_view line)> log{};  // what no client can be told: refused handshakes, lost connections
};

class HttpServer {
 public:
  explicit HttpServer(ServerOptions options = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;

  // Answers from now on; gives the port. Error{conflict} when the port is taken.
  int listen(const Listener& listener);
  // No new connections, idle ones closed, running requests answered; after `patience` seconds connections are cut
  // (a handler that still runs is waited for). Called by the destructor too.
  void stop(double patience = 10);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace gyre
