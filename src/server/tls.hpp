#pragma once
// A server's TLS context from files.
#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>

#include "server/http_server.hpp"

namespace gyre {

// Makes contexts from the files of one listener; a changed file (a renewed certificate, a longer revocation list) makes
// a new one, so that a device that was revoked is refused at its next connection.
class TlsSource {
 public:
  explicit TlsSource(TlsFiles files);  // Error{invalid} when a file is missing or no PEM
  std::shared_ptr<boost::asio::ssl::context> current();

 private:
  std::string stamps() const;
  TlsFiles files_;
  std::string seen_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace gyre
