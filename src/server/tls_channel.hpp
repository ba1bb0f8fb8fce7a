#pragma once
// TLS on a socket that does not block: receive and send as of the socket, in plain bytes.
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>

#include "server/http_server.hpp"

namespace gyre {

class TlsChannel {
 public:
  struct Body;
  explicit TlsChannel(std::unique_ptr<Body> body);  // by TlsListener
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  // Like recv and send: 0 at the end, -1 with errno; EAGAIN: again when the socket can be read or written. A record may
  // be larger than what was asked for: only EAGAIN says that nothing is left.
  ssize_t receive(char* to, std::size_t room);
  ssize_t send(const char* bytes, std::size_t size);
  void say_end();  // nothing more is sent

 private:
  ssize_t result(int returned);
  std::unique_ptr<Body> body_;
};

// What new clients of one listener are met with. Used by one thread at a time.
class TlsListener {
 public:
  // `protocol`: what is agreed on with clients that ask (ALPN): "h2", "http/1.1". Error{invalid} names a bad file.
  TlsListener(TlsFiles files, std::string protocol);
  ~TlsListener();
  TlsListener(const TlsListener&) = delete;
  std::unique_ptr<TlsChannel> channel(int socket);  // the socket stays the caller's

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace gyre
