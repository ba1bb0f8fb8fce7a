#pragma once
// HTTP/1.1 on a connection: requests one after the other, each answered before the next is looked at.
#include "serve/connection.hpp"

namespace gyre {

struct HttpDoor {
  HttpDoor(HttpHandler handler, HeadJudge judge) : handler(std::move(handler)), judge(std::move(judge)) {}
  HttpHandler handler;
  HeadJudge judge;  // empty: every body is read
};
std::unique_ptr<Protocol> make_http1(Connection& connection, const HttpDoor& door);

// The head of a request, as views into it.
struct HttpHead {
  std::string_view method, target;
  int minor = 1;  // HTTP/1.x
  std::vector<std::pair<std::string_view, std::string_view>> headers;
};
// `text` ends with the empty line. Error{invalid} says what is wrong with it.
void parse_head(std::string_view text, HttpHead& head);

// The chunked transfer coding, as it comes in.
class Unchunker {
 public:
  explicit Unchunker(std::size_t most) : most_(most) {}
  // Takes what it can from `bytes` and says how much that was. Error{full} when the body gets larger than allowed.
  std::size_t take(std::string_view bytes);
  bool done() const { return state_ == State::done; }
  std::string body;

 private:
  enum class State { size, data, end_of_data, trailer, done };
  std::size_t most_;
  State state_ = State::size;
  std::size_t left_ = 0;
};

}  // namespace gyre
