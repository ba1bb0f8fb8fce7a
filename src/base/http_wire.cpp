#include "base/http_wire.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/clock.hpp"
#include "base/file.hpp"

namespace gyre {

Url parse_url(std::string_view text) {
  auto wrong = [&] {
    return Error(Code::invalid, std::string(text) + " is no http or https address",
                 "as http://127.0.0.1:7080/api/models");
  };
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://"))
    url.tls = true, rest.remove_prefix(8);
  else if (rest.starts_with("http://"))
    rest.remove_prefix(7);
  else
    throw wrong();
  auto slash = std::min(rest.find_first_of("/?"), rest.size());
  url.authority = rest.substr(0, slash);
  url.target = rest.substr(slash);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (url.target.find_first_of(" \r\n") != std::string::npos) throw wrong();
  std::string_view host = url.authority;
  if (host.find('@') != std::string_view::npos) throw wrong();  // passwords do not belong in addresses
  auto colon = host.starts_with('[') ? host.find(':', host.find(']')) : host.find(':');
  url.port = colon == std::string_view::npos ? (url.tls ? "443" : "80") : std::string(host.substr(colon + 1));
  host = host.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  url.host = host;
  if (url.host.empty() || url.port.empty() || url.port.find_first_not_of("0123456789") != std::string::npos)
    throw wrong();
  return url;
}

struct FreeSsl {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

struct HttpConnection::Body {
  std::string where;
  double timeout;
  FileHandle socket;
  std::unique_ptr<SSL_CTX, FreeSsl> context;
  std::unique_ptr<SSL, FreeSsl> ssl;

  // TLS runs over memory: so that every read and write of the socket is made here, with its time limit, without
  // signals.
  void connect(const Url& url);
  void wait(short events, double deadline) const;
  void send(std::string_view bytes) const;
  std::string receive() const;
  void flush();
  bool feed();
  void handshake(const Url& url, const HttpOptions& options);
  Error tls_failure(std::string_view what) const;
};

void HttpConnection::Body::wait(short events, double deadline) const {
  while (true) {
    double left = deadline - seconds_since_start();
    pollfd poller{socket.get(), events, 0};
    int ready = left <= 0 ? 0 : ::poll(&poller, 1, static_cast<int>(left * 1000) + 1);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) throw system_error(errno, where);
    if (left <= 0) throw Error(Code::unavailable, where + " was silent for " + short_duration(timeout));
  }
}

void HttpConnection::Body::connect(const Url& url) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (int code = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &wanted, &found); code != 0)
    throw Error(Code::unavailable, where + ": " + ::gai_strerror(code));
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  int failure = ECONNREFUSED;
  for (addrinfo* address = found; address; address = address->ai_next) {
    socket = FileHandle(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) throw system_error(errno, where);
    if (::connect(socket.get(), address->ai_addr, address->ai_addrlen) != 0) {
      failure = errno;
      if (failure != EINPROGRESS) continue;
      wait(POLLOUT, seconds_since_start() + timeout);
      socklen_t size = sizeof failure;
      ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
      if (failure != 0) continue;
    }
    int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return;
  }
  throw Error(Code::unavailable, where + ": " + std::strerror(failure));
}

void HttpConnection::Body::send(std::string_view bytes) const {
  double deadline = seconds_since_start() + timeout;
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      deadline = seconds_since_start() + timeout;
    } else if (errno == EAGAIN) {
      wait(POLLOUT, deadline);
    } else if (errno != EINTR) {
      throw Error(Code::unavailable, where + ": " + std::strerror(errno));
    }
  }
}

std::string HttpConnection::Body::receive() const {
  std::string piece(64 << 10, '\0');
  double deadline = seconds_since_start() + timeout;
  while (true) {
    ssize_t got = ::recv(socket.get(), piece.data(), piece.size(), 0);
    if (got >= 0) {
      piece.resize(static_cast<std::size_t>(got));
      return piece;
    }
    if (errno == EAGAIN)
      wait(POLLIN, deadline);
    else if (errno != EINTR)
      throw Error(Code::unavailable, where + ": " + std::strerror(errno));
  }
}

Error HttpConnection::Body::tls_failure(std::string_view what) const {
  std::string text = where + ": " + std::string(what);
  if (ssl && SSL_get_verify_result(ssl.get()) != X509_V_OK)
    text += std::string(": ") + X509_verify_cert_error_string(SSL_get_verify_result(ssl.get()));
  else if (unsigned long code = ERR_get_error(); code != 0)
    text += std::string(": ") + ERR_reason_error_string(code);
  ERR_clear_error();
  return {Code::denied, text, "check the authority's certificate, and the client's own"};
}

void HttpConnection::Body::flush() {
  std::string piece(16 << 10, '\0');
  int count;
  while ((count = BIO_read(SSL_get_wbio(ssl.get()), piece.data(), static_cast<int>(piece.size()))) > 0)
    send(std::string_view(piece.data(), static_cast<std::size_t>(count)));
}

bool HttpConnection::Body::feed() {
  std::string piece = receive();
  if (piece.empty()) return false;
  if (BIO_write(SSL_get_rbio(ssl.get()), piece.data(), static_cast<int>(piece.size())) !=
      static_cast<int>(piece.size()))
    throw Error(Code::internal, where + ": no memory for TLS");
  return true;
}

void HttpConnection::Body::handshake(const Url& url, const HttpOptions& options) {
  context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  bool trusted = options.ca.empty() ? SSL_CTX_set_default_verify_paths(raw) == 1
                                    : SSL_CTX_load_verify_locations(raw, options.ca.c_str(), nullptr) == 1;
  if (!trusted) throw tls_failure("cannot read the authority's certificate " + options.ca.string());
  if (!options.certificate.empty() && (SSL_CTX_use_certificate_chain_file(raw, options.certificate.c_str()) != 1 ||
                                       SSL_CTX_use_PrivateKey_file(raw, options.key.c_str(), SSL_FILETYPE_PEM) != 1))
    throw tls_failure("cannot use the certificate " + options.certificate.string());
  ssl.reset(SSL_new(raw));
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  unsigned char address[16];
  bool is_address =
      ::inet_pton(AF_INET, url.host.c_str(), address) == 1 || ::inet_pton(AF_INET6, url.host.c_str(), address) == 1;
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), url.host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), url.host.c_str());
    SSL_set1_host(ssl.get(), url.host.c_str());
  }
  ERR_clear_error();
  while (true) {
    int code = SSL_connect(ssl.get());
    int reason = SSL_get_error(ssl.get(), code);
    flush();
    if (code == 1) return;
    if (reason != SSL_ERROR_WANT_READ) throw tls_failure("TLS refused");
    if (!feed()) throw Error(Code::unavailable, where + " closed the connection during the TLS handshake");
  }
}

HttpConnection::HttpConnection(const Url& url, const HttpOptions& options) : body_(std::make_unique<Body>()) {
  body_->where = url.authority;
  body_->timeout = options.timeout_seconds;
  body_->connect(url);
  if (url.tls) body_->handshake(url, options);
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::write(std::string_view bytes) {
  if (!body_->ssl) return body_->send(bytes);
  while (!bytes.empty()) {
    int count =
        SSL_write(body_->ssl.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 16 << 10)));
    if (count <= 0) throw body_->tls_failure("TLS write");
    body_->flush();
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string HttpConnection::read_some() {
  if (!body_->ssl) return body_->receive();
  std::string piece(16 << 10, '\0');
  while (true) {
    ERR_clear_error();
    int count = SSL_read(body_->ssl.get(), piece.data(), static_cast<int>(piece.size()));
    if (count > 0) {
      piece.resize(static_cast<std::size_t>(count));
      return piece;
    }
    int reason = SSL_get_error(body_->ssl.get(), count);
    body_->flush();
    if (reason == SSL_ERROR_ZERO_RETURN) return {};
    if (reason != SSL_ERROR_WANT_READ) throw body_->tls_failure("TLS refused");
    if (!body_->feed()) throw Error(Code::unavailable, body_->where + " cut the TLS connection");
  }
}

}  // namespace gyre
