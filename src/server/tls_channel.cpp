#include "server/tls_channel.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/error.hpp"
#include "server/tls.hpp"

namespace gyre {

namespace {
struct EndSession {
  void operator()(SSL* session) const { SSL_free(session); }
};
}  // namespace

struct TlsChannel::Body {
  std::shared_ptr<boost::asio::ssl::context> context;  // may be replaced for later clients
  std::unique_ptr<SSL, EndSession> session;
};

TlsChannel::TlsChannel(std::unique_ptr<Body> body) : body_(std::move(body)) {}
TlsChannel::~TlsChannel() = default;

ssize_t TlsChannel::result(int returned) {
  if (returned > 0) return returned;
  int why = SSL_get_error(body_->session.get(), returned);
  int system = errno;
  ERR_clear_error();  // the queue is the thread's: the next connection shall not find it
  switch (why) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_SYSCALL:
      errno = system ? system : ECONNRESET;
      return -1;
    default:
      errno = EPROTO;
      return -1;
  }
}

ssize_t TlsChannel::receive(char* to, std::size_t room) {
  ERR_clear_error();
  errno = 0;
  return result(SSL_read(body_->session.get(), to, static_cast<int>(std::min<std::size_t>(room, INT_MAX))));
}

ssize_t TlsChannel::send(const char* bytes, std::size_t size) {
  ERR_clear_error();
  errno = 0;
  return result(SSL_write(body_->session.get(), bytes, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
}

void TlsChannel::say_end() {
  if (SSL_is_init_finished(body_->session.get())) SSL_shutdown(body_->session.get());
  ERR_clear_error();
}

struct TlsListener::Body {
  TlsSource source;
  std::string protocol;
  std::shared_ptr<boost::asio::ssl::context> prepared;
};

TlsListener::TlsListener(TlsFiles files, std::string protocol)
    : body_(std::make_unique<Body>(Body{TlsSource(std::move(files)), std::move(protocol), {}})) {}
TlsListener::~TlsListener() = default;

// A client that does not know our protocol goes on without an agreement; what it sends then will show.
static int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                           unsigned int offered_size, void* ours) {
  auto& wanted = *static_cast<const std::string*>(ours);
  for (unsigned int at = 0; at < offered_size; at += 1 + offered[at]) {
    std::string_view one(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (one != wanted) continue;
    *chosen = offered + at + 1;
    *size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

std::unique_ptr<TlsChannel> TlsListener::channel(int socket) {
  auto context = body_->source.current();
  if (context != body_->prepared) {
    SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, &body_->protocol);
    body_->prepared = context;
  }
  auto body = std::make_unique<TlsChannel::Body>();
  body->session.reset(SSL_new(context->native_handle()));
  body->context = std::move(context);
  auto* session = body->session.get();
  if (!session || SSL_set_fd(session, socket) != 1) throw Error(Code::internal, "OpenSSL gives no session");
  SSL_set_mode(session, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_set_accept_state(session);
  return std::make_unique<TlsChannel>(std::move(body));
}

}  // namespace gyre
