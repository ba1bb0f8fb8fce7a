#pragma once
// What the HTTP client stands on: a URL taken apart, and a connection (plain or TLS) whose reads and writes have time
// limits.
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.hpp"

namespace gyre {

struct Url {
  bool tls = false;
  std::string host;  // without brackets
  std::string port;
  std::string authority;  // as in the URL: what Host says
  std::string target;     // path and query, at least "/"
};
Url parse_url(std::string_view text);  // Error{invalid}

class HttpConnection {
 public:
  HttpConnection(const Url& url, const HttpOptions& options);  // connected; Error{unavailable} or {denied}
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  void write(std::string_view bytes);
  std::string read_some();  // empty: the other side has closed

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace gyre
