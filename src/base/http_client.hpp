#pragma once
// A small blocking HTTP/1.1 client: CLI to server, device to registry. https with an own CA and a client certificate.
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/route.hpp"

namespace gyre {

struct HttpOptions {
  std::filesystem::path ca{};           // PEM; empty: the system's
  std::filesystem::path certificate{};  // client certificate and key, PEM
  std::filesystem::path key{};
  std::string token{};  // Authorization: Bearer
  double timeout_seconds = 60;
};

// Error{unavailable} when nobody answers; a status of 400 and above is returned, not thrown.
Response http_request(std::string_view method, std::string_view url, std::string_view body = {},
                      const Headers& headers = {}, const HttpOptions& options = {});
// Streams the body to `write` in pieces; gives the status and headers.
Response http_download(std::string_view url, const std::function<void(std::string_view)>& write,
                       const Headers& headers = {}, const HttpOptions& options = {});
Response http_upload(std::string_view method, std::string_view url, const std::filesystem::path& file,
                     const Headers& headers = {}, const HttpOptions& options = {});

// A text as one part of a path or a value of a query: all but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);

}  // namespace gyre
