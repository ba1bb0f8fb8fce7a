#include <charconv>

#include "base/error.hpp"
#include "serve/http1.hpp"

namespace gyre {

static constexpr std::size_t most_headers = 128;

static bool is_token(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) return false;
  }
  return true;
}

static std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void parse_head(std::string_view text, HttpHead& head) {
  auto wrong = [](std::string_view what) {
    throw Error(Code::invalid, "the request is no HTTP: " + std::string(what));
  };
  head.headers.clear();
  auto line_end = text.find("\r\n");
  std::string_view line = text.substr(0, line_end);
  auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) wrong("its first line is not METHOD TARGET HTTP/1.1");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  auto version = line.substr(last + 1);
  if (!is_token(head.method) || head.target.empty()) wrong("its first line is not METHOD TARGET HTTP/1.1");
  for (char c : head.target)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) wrong("its target has a character that is not allowed");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") wrong("its version is not HTTP/1.1");
  head.minor = version.back() - '0';
  for (auto at = line_end + 2; at < text.size();) {
    auto end = text.find("\r\n", at);
    std::string_view header = text.substr(at, end - at);
    at = end + 2;
    if (header.empty()) return;
    auto colon = header.find(':');
    if (colon == std::string_view::npos || !is_token(header.substr(0, colon)))
      wrong("a header line is not NAME: VALUE");
    auto value = trimmed(header.substr(colon + 1));
    for (char c : value)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F)
        wrong("a header has a character that is not allowed");
    if (head.headers.size() == most_headers) wrong("it has more than " + std::to_string(most_headers) + " headers");
    head.headers.emplace_back(header.substr(0, colon), value);
  }
}

std::size_t Unchunker::take(std::string_view bytes) {
  auto wrong = [] { throw Error(Code::invalid, "the request's chunked body is malformed"); };
  std::size_t used = 0;
  while (state_ != State::done) {
    std::string_view rest = bytes.substr(used);
    if (state_ == State::data) {
      std::size_t part = std::min(left_, rest.size());
      body.append(rest.substr(0, part));
      used += part;
      left_ -= part;
      if (left_ > 0) return used;
      state_ = State::end_of_data;
      continue;
    }
    auto end = rest.find("\r\n");
    if (end == std::string_view::npos) {
      if (rest.size() > 256) wrong();
      return used;
    }
    std::string_view line = rest.substr(0, end);
    used += end + 2;
    if (state_ == State::end_of_data) {
      if (!line.empty()) wrong();
      state_ = State::size;
    } else if (state_ == State::trailer) {
      if (line.empty()) state_ = State::done;
    } else {
      line = trimmed(line.substr(0, line.find(';')));
      auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
      if (line.empty() || error != std::errc() || stop != line.data() + line.size()) wrong();
      if (left_ > most_ - std::min(most_, body.size()))
        throw Error(Code::full, "the body is larger than " + std::to_string(most_) + " bytes");
      state_ = left_ > 0 ? State::data : State::trailer;
    }
  }
  return used;
}

}  // namespace gyre
