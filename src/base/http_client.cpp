#include "base/http_client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/file.hpp"
#include "base/http_wire.hpp"

namespace gyre {

std::string percent_encode(std::string_view text) {
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || std::string_view("-._~").find(static_cast<char>(c)) != std::string_view::npos) {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += "0123456789ABCDEF"[c >> 4];
      out += "0123456789ABCDEF"[c & 15];
    }
  }
  return out;
}

static std::string request_head(std::string_view method, const Url& url, const Headers& headers,
                                const HttpOptions& options, std::uint64_t length) {
  std::string head = std::string(method) + " " + url.target + " HTTP/1.1\r\nHost: " + url.authority + "\r\n";
  if (!options.token.empty() && !headers.contains("Authorization"))
    head += "Authorization: Bearer " + options.token + "\r\n";
  for (auto& [name, value] : headers) {
    if (value.find_first_of("\r\n") != std::string::npos || name.find_first_of("\r\n: ") != std::string::npos)
      throw Error(Code::invalid, "the header " + name + " holds a line end");
    head += name + ": " + value + "\r\n";
  }
  if (length > 0 || (method != "GET" && method != "HEAD")) head += "Content-Length: " + std::to_string(length) + "\r\n";
  return head + "Connection: close\r\n\r\n";
}

// One request on a connection of its own: `send_body` writes the body, `take` gets the answer's body in pieces.
class Exchange {
 public:
  Exchange(std::string_view method, std::string_view url, const HttpOptions& options)
      : method_(method), url_(parse_url(url)), connection_(url_, options) {}

  Response run(const Headers& headers, const HttpOptions& options, std::uint64_t length,
               const std::function<void(HttpConnection&)>& send_body,
               const std::function<void(std::string_view)>& take) {
    try {
      connection_.write(request_head(method_, url_, headers, options, length));
      send_body(connection_);
    } catch (const Error& error) {
      // A server that refuses a body answers before it has read it all, and closes: its answer is the better error.
      if (error.code != Code::unavailable || !more()) throw;
    }
    Response response;
    do {
      read_head(response);
    } while (response.status / 100 == 1);
    if (method_ != "HEAD" && response.status != 204 && response.status != 304) read_body(response, take);
    return response;
  }

 private:
  bool more() {
    std::string piece = connection_.read_some();
    buffer_ += piece;
    return !piece.empty();
  }
  void need_more() {
    if (!more())
      throw Error(Code::unavailable, url_.authority + " closed the connection before its answer was complete");
  }
  Error no_http(std::string_view what) const {
    return {Code::unavailable, url_.authority + " does not answer in HTTP: " + std::string(what)};
  }
  std::string line() {
    std::size_t end;
    while ((end = buffer_.find('\n')) == std::string::npos) {
      if (buffer_.size() > (64 << 10)) throw no_http("a header line is longer than 64 KiB");
      need_more();
    }
    std::string text = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    if (text.ends_with('\r')) text.pop_back();
    return text;
  }

  void read_head(Response& response) {
    std::string status = line();
    if (!status.starts_with("HTTP/1.") || status.size() < 12) throw no_http(status.substr(0, 40));
    if (std::from_chars(status.data() + 9, status.data() + 12, response.status).ptr != status.data() + 12)
      throw no_http(status.substr(0, 40));
    response.headers.clear();
    std::size_t total = 0;
    for (std::string text = line(); !text.empty(); text = line()) {
      auto colon = text.find(':');
      if (colon == std::string::npos || (total += text.size()) > (256 << 10))
        throw no_http("its headers are malformed");
      auto start = text.find_first_not_of(" \t", colon + 1);
      response.headers[text.substr(0, colon)] = start == std::string::npos ? "" : text.substr(start);
    }
    auto type = response.headers.find("Content-Type");
    response.content_type = type == response.headers.end() ? "" : type->second;
  }

  void read_body(Response& response, const std::function<void(std::string_view)>& take) {
    auto encoding = response.headers.find("Transfer-Encoding");
    auto length = response.headers.find("Content-Length");
    if (encoding != response.headers.end()) {
      read_chunks(take);
    } else if (length != response.headers.end()) {
      std::uint64_t count = 0;
      auto& text = length->second;
      if (std::from_chars(text.data(), text.data() + text.size(), count).ec != std::errc())
        throw no_http("no length: " + text);
      read_exactly(count, take);
    } else {
      do {
        take(std::exchange(buffer_, {}));
      } while (more());
    }
  }

  void read_exactly(std::uint64_t count, const std::function<void(std::string_view)>& take) {
    while (count > 0) {
      if (buffer_.empty()) need_more();
      std::size_t now = static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer_.size()));
      take(std::string_view(buffer_).substr(0, now));
      buffer_.erase(0, now);
      count -= now;
    }
  }

  void read_chunks(const std::function<void(std::string_view)>& take) {
    while (true) {
      std::string text = line();
      std::uint64_t count = 0;
      if (std::from_chars(text.data(), text.data() + text.size(), count, 16).ec != std::errc())
        throw no_http("no chunk size: " + text.substr(0, 20));
      if (count == 0) break;
      read_exactly(count, take);
      if (!line().empty()) throw no_http("a chunk is longer than it said");
    }
    while (!line().empty()) continue;  // trailers: nothing here uses them
  }

  std::string method_;
  Url url_;
  HttpConnection connection_;
  std::string buffer_;
};

Response http_request(std::string_view method, std::string_view url, std::string_view body, const Headers& headers,
                      const HttpOptions& options) {
  std::string answer;
  Exchange exchange(method, url, options);
  Response response = exchange.run(
      headers, options, body.size(), [&](HttpConnection& connection) { connection.write(body); },
      [&](std::string_view piece) { answer += piece; });
  response.body = std::move(answer);
  return response;
}

Response http_download(std::string_view url, const std::function<void(std::string_view)>& write, const Headers& headers,
                       const HttpOptions& options) {
  Exchange exchange("GET", url, options);
  return exchange.run(
      headers, options, 0, [](HttpConnection&) {}, write);
}

Response http_upload(std::string_view method, std::string_view url, const std::filesystem::path& file,
                     const Headers& headers, const HttpOptions& options) {
  FileHandle handle = open_file(file, O_RDONLY);
  std::uint64_t size = fs::file_size(file), left = size;
  std::string answer;
  Exchange exchange(method, url, options);
  Response response = exchange.run(
      headers, options, size,
      [&](HttpConnection& connection) {
        std::string piece(256 << 10, '\0');
        while (left > 0) {
          ssize_t got =
              ::read(handle.get(), piece.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size())));
          if (got < 0 && errno == EINTR) continue;
          if (got < 0) throw system_error(errno, file.string());
          if (got == 0) throw Error(Code::conflict, file.string() + " became shorter while it was sent");
          connection.write(std::string_view(piece.data(), static_cast<std::size_t>(got)));
          left -= static_cast<std::uint64_t>(got);
        }
      },
      [&](std::string_view piece) { answer += piece; });
  response.body = std::move(answer);
  return response;
}

}  // namespace gyre
