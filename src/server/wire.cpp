#include "server/wire.hpp"

#include <algorithm>
#include <charconv>

namespace gyre {

static int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i++) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return {};
      int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return {};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

bool set_target(Request& request, std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"})
    if (target.starts_with(scheme)) {
      target.remove_prefix(scheme.size());
      auto slash = target.find('/');
      target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
  if (!target.starts_with('/')) return false;
  target = target.substr(0, target.find('#'));
  auto question = target.find('?');
  auto path = percent_decode(target.substr(0, question));
  if (!path) return false;
  request.path = std::move(*path);
  request.query.clear();
  if (question == std::string_view::npos) return true;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    auto end = std::min(rest.find('&'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return false;
    request.query.emplace(std::move(*name), std::move(*value));
  }
  return true;
}

static std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

RangeAnswer byte_range(std::string_view header, std::uint64_t size) {
  RangeAnswer whole{.range = {0, size}};
  if (!header.starts_with("bytes=")) return whole;
  header.remove_prefix(6);
  auto dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return whole;
  auto first_text = header.substr(0, dash), last_text = header.substr(dash + 1);
  auto first = whole_number(first_text), last = whole_number(last_text);
  if ((!first && !first_text.empty()) || (!last && !last_text.empty())) return whole;
  if (!first && !last) return whole;
  RangeAnswer answer{.partial = true};
  if (!first) {  // the last n bytes
    answer.impossible = *last == 0 || size == 0;
    answer.range.count = std::min(*last, size);
    answer.range.first = size - answer.range.count;
    return answer;
  }
  if (last && *last < *first) return whole;
  if (*first >= size) {
    answer.impossible = true;
    return answer;
  }
  std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  answer.range = {*first, end - *first + 1};
  return answer;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Cancelled";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

static bool same_name(std::string_view a, std::string_view b) {
  LessNoCase less;
  return !less(a, b) && !less(b, a);
}

// A line end in a value would let it write headers, or a body, of its own.
static void add_header(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (char c : value) head += c == '\r' || c == '\n' ? ' ' : c;
  head += "\r\n";
}

std::string response_head(const Response& response, std::uint64_t length, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_of(response.status);
  head += "\r\n";
  bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless && !response.content_type.empty() && !response.headers.contains("Content-Type"))
    add_header(head, "Content-Type", response.content_type);
  for (auto& [name, value] : response.headers)
    if (!same_name(name, "Content-Length")) add_header(head, name, value);
  if (!bodiless) add_header(head, "Content-Length", std::to_string(length));
  if (!keep_alive) add_header(head, "Connection", "close");
  head += "\r\n";
  return head;
}

}  // namespace gyre
