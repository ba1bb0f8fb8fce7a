#include "serve/front.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/cores.hpp"
#include "serve/http1.hpp"
#include "serve/http2.hpp"
#include "server/tls_channel.hpp"

namespace gyre {

struct Front::Body {
  explicit Body(const FrontOptions& options) : shared(options) {}
  FrontShared shared;
  std::vector<std::unique_ptr<HttpDoor>> doors;
  std::vector<std::unique_ptr<GrpcHandler>> grpc_handlers;
  std::vector<FileHandle> listeners;
  std::vector<std::unique_ptr<TlsListener>> tls;
  std::vector<std::unique_ptr<IoThread>> threads;
  bool stopped = false;
};

// As many files as the system lets us: each client is one.
static std::size_t file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
}

Front::Front(FrontOptions options) {
  if (options.threads == 0) options.threads = std::min<std::size_t>(usable_cores(), 8);
  std::size_t files = file_limit();
  options.connections = std::min(options.connections, files > 256 ? files - 128 : files / 2);
  body_ = std::make_unique<Body>(options);
  for (std::size_t i = 0; i < options.threads; i++) body_->threads.push_back(std::make_unique<IoThread>(body_->shared));
}

Front::~Front() { stop(0); }

static FileHandle listening_socket(const std::string& address, int port) {
  FileHandle socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw system_error(errno, "socket");
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1)
    throw Error(Code::invalid, "\"" + address + "\" is no IPv4 address to listen on", "127.0.0.1, or 0.0.0.0 for all");
  int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 || ::listen(socket.get(), 4096) != 0)
    throw Error(Code::conflict,
                address + ":" + std::to_string(port) + " cannot be listened on: " + system_error(errno, "bind").text(),
                "another program may use the port: choose another one");
  return socket;
}

// The socket's port; each client of it gets a protocol and the least busy thread.
static int start_listening(FrontShared& shared, std::vector<std::unique_ptr<IoThread>>& threads,
                           const FileHandle& socket, TlsListener* tls, MakeProtocol make) {
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    throw system_error(errno, "getsockname");
  threads.front()->accept_on(socket.get(), [&shared, &threads, listener = socket.get(), tls, make = std::move(make)] {
    while (true) {
      FileHandle client(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!client) return;  // none waits, or it left already
      if (shared.draining || shared.connections >= shared.options.connections) {
        static constexpr std::string_view full =
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 40\r\nConnection: "
            "close\r\n\r\n{\"error\":\"too many clients at this time\"}";
        if (!tls) ::send(client.get(), full.data(), full.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        continue;
      }
      int on = 1;
      ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      std::unique_ptr<TlsChannel> channel;
      try {
        if (tls) channel = tls->channel(client.get());
      } catch (const Error&) {
        continue;  // a certificate that is being replaced: the client comes again
      }
      shared.connections++;
      auto least =
          std::min_element(threads.begin(), threads.end(), [](auto& a, auto& b) { return a->load() < b->load(); });
      (*least)->adopt(std::move(client), std::move(channel), make);
    }
  });
  return ntohs(bound.sin_port);
}

// Nothing, or what the listener's clients are met with.
static TlsListener* tls_of(std::vector<std::unique_ptr<TlsListener>>& all, const std::optional<TlsFiles>& files,
                           const char* protocol) {
  if (!files) return nullptr;
  return all.emplace_back(std::make_unique<TlsListener>(*files, protocol)).get();
}

int Front::listen(const std::string& address, int port, HttpHandler handler, const std::optional<TlsFiles>& tls,
                  HeadJudge judge) {
  auto& body = *body_;
  auto* met = tls_of(body.tls, tls, "http/1.1");
  auto& socket = body.listeners.emplace_back(listening_socket(address, port));
  auto& kept = *body.doors.emplace_back(std::make_unique<HttpDoor>(std::move(handler), std::move(judge)));
  return start_listening(body.shared, body.threads, socket, met,
                         [&kept](Connection& connection) { return make_http1(connection, kept); });
}

int Front::listen_grpc(const std::string& address, int port, GrpcHandler handler, const std::optional<TlsFiles>& tls) {
  auto& body = *body_;
  auto* met = tls_of(body.tls, tls, "h2");
  auto& socket = body.listeners.emplace_back(listening_socket(address, port));
  auto& kept = *body.grpc_handlers.emplace_back(std::make_unique<GrpcHandler>(std::move(handler)));
  return start_listening(body.shared, body.threads, socket, met,
                         [&kept](Connection& connection) { return make_http2(connection, kept); });
}

void Front::tell(const std::atomic<bool>& wanted, std::function<void(const AnsweredRequest& answered)> log) {
  body_->shared.log_wanted = &wanted;
  body_->shared.log = std::move(log);
}

void Front::stop(double patience) {
  auto& body = *body_;
  if (body.stopped) return;
  body.stopped = true;
  body.shared.draining = true;
  for (int i = 0; i < patience * 50 && body.shared.connections > 0; i++)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  for (auto& thread : body.threads) thread->end();
}

}  // namespace gyre
