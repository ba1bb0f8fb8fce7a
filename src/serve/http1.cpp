#include "serve/http1.hpp"

#include <strings.h>

#include <charconv>
#include <optional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "serve/infer_json.hpp"
#include "server/wire.hpp"

namespace gyre {

namespace {

constexpr std::size_t large_body = 1 << 20;

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

class Http1 final : public Protocol, public HttpExchange {
 public:
  Http1(Connection& connection, const HttpDoor& door) : connection_(connection), door_(door) {}
  ~Http1() override { uncount(); }

  void received() override {
    try {
      while (connection_.open() && reads() && step()) {
      }
    } catch (const Error& error) {
      refuse(error.code == Code::full ? 413 : 400, error.text());
    }
  }
  bool wants_input() const override { return reads(); }
  bool idle() const override { return state_ == State::head && connection_.input().empty(); }
  void timed_out() override {
    if (!reads()) return;  // we are late, not the client
    if (idle()) return connection_.close();
    refuse(408, "the request did not come in time");
  }
  void all_sent() override { received(); }

  void answer(HttpAnswer answer) override {
    if (connection_.thread().here()) {
      finish(std::move(answer));
      if (!handling_) go_on();  // it was answered at the end of the round: the client's next request may be here
      return;
    }
    connection_.thread().post_or_do(
        [self = connection_.shared_from_this(), this, answer = std::move(answer)]() mutable {
          finish(std::move(answer));
          go_on();
        });
  }

 private:
  enum class State { head, judging, body, chunks, answering };
  bool reads() const { return state_ != State::answering && state_ != State::judging && !ending_; }
  void go_on() {
    if (!connection_.open()) return;
    received();
    connection_.pump();
  }

  FrontShared& shared() { return connection_.thread().shared(); }
  const FrontOptions& options() { return shared().options; }

  // One thing done; false when more must come first.
  bool step() {
    switch (state_) {
      case State::head:
        return read_head();
      case State::body:
        if (connection_.input().size() < head_size_ + body_size_) {
          int pieces = connection_.expect(head_size_ + body_size_ - connection_.input().size());
          connection_.deadline_in(options().piece_seconds * pieces);
          return false;
        }
        connection_.expect(0);
        body = connection_.input().view().substr(head_size_, body_size_);
        handle();
        return true;
      case State::chunks:
        return read_chunks();
      case State::judging:
      case State::answering:
        break;
    }
    return false;
  }

  bool read_head() {
    auto& input = connection_.input();
    std::string_view seen = input.view();
    if (seen.empty()) return false;
    std::size_t from = searched_ > 3 ? searched_ - 3 : 0;
    auto end = seen.find("\r\n\r\n", from);
    if (end == std::string_view::npos) {
      if (seen.size() > options().header_limit)
        return refuse(431,
                      "the request's headers are larger than " + std::to_string(options().header_limit) + " bytes");
      if (searched_ == 0) connection_.deadline_in(options().header_seconds);
      searched_ = seen.size();
      return false;
    }
    searched_ = 0;
    if (end > options().header_limit)
      return refuse(431, "the request's headers are larger than " + std::to_string(options().header_limit) + " bytes");
    head_size_ = end + 4;
    parse_head(seen.substr(0, head_size_), head_);
    keep_alive_ = head_.minor == 1;
    body_size_ = 0;
    bool sized = false;
    framing_ = {.aligned = head_size_};
    for (auto& [name, value] : head_.headers) {
      if (same_word(name, "content-length")) {
        std::size_t size = 0;
        auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), size);
        if (value.empty() || error != std::errc() || stop != value.data() + value.size() ||
            (sized && size != body_size_))
          throw Error(Code::invalid, "Content-Length is \"" + std::string(value) + "\"");
        body_size_ = size;
        sized = true;
      } else if (same_word(name, "transfer-encoding")) {
        if (!same_word(value, "chunked"))
          return refuse(501, "Transfer-Encoding " + std::string(value) + " is not known here");
        framing_.chunked = true;
      } else if (same_word(name, "connection")) {
        if (same_word(value, "close")) keep_alive_ = false;
        if (same_word(value, "keep-alive")) keep_alive_ = true;
      } else if (same_word(name, "expect")) {
        framing_.waits = same_word(value, "100-continue");
      } else if (same_word(name, "inference-header-content-length")) {
        std::size_t json = 0;
        std::from_chars(value.data(), value.data() + value.size(), json);
        framing_.aligned = head_size_ + std::min(json, body_size_);
      }
    }
    if (framing_.chunked && sized) throw Error(Code::invalid, "the request has Content-Length and a chunked body");
    if (door_.judge && (framing_.chunked || input.size() < head_size_ + body_size_)) return judge_head();
    return accept_body();
  }

  // Before a body is read from one who may not send it. What is here whole already is judged by the handler.
  bool judge_head() {
    state_ = State::judging;
    fill_request();
    auto self = connection_.shared_from_this();
    in_judge_ = true;
    door_.judge(ExchangePointer(self, this), [self, this](std::optional<HttpAnswer> refusal) {
      if (connection_.thread().here()) return judged(std::move(refusal));
      connection_.thread().post([self, this, refusal = std::move(refusal)]() mutable { judged(std::move(refusal)); });
    });
    in_judge_ = false;
    return reads();
  }
  void judged(std::optional<HttpAnswer> refusal) {
    if (state_ != State::judging || !connection_.open()) return;
    if (refusal)
      end_with(std::move(*refusal));
    else
      accept_body();
    if (!in_judge_) go_on();
  }

  bool accept_body() {
    auto& input = connection_.input();
    if (body_size_ > options().body_limit)
      return refuse(413, "the body has " + std::to_string(body_size_) + " bytes; at most " +
                             std::to_string(options().body_limit) + " are taken");
    if (body_size_ > large_body && !count_body()) return refuse(503, "too many large requests at this time");
    if (framing_.waits && input.size() == head_size_) connection_.send("HTTP/1.1 100 Continue\r\n\r\n");
    if (framing_.chunked) {
      keep_head();
      state_ = State::chunks;
      unchunker_.emplace(options().body_limit);
      return true;
    }
    const char* before = input.data();
    input.fit(head_size_ + body_size_, framing_.aligned);  // the first binary tensor lies well
    if (input.data() != before) parse_head(input.view().substr(0, head_size_), head_);
    state_ = State::body;
    return true;
  }

  // The head is kept apart from the buffer while chunks pass through it.
  void keep_head() {
    kept_head_.assign(connection_.input().view().substr(0, head_size_));
    parse_head(kept_head_, head_);
    connection_.input().consume(head_size_);
    head_size_ = 0;
  }

  bool read_chunks() {
    auto& input = connection_.input();
    input.consume(unchunker_->take(input.view()));
    if (!unchunker_->done()) {
      connection_.deadline_in(options().piece_seconds);
      return false;
    }
    body_size_ = 0;
    body = unchunker_->body;
    handle();
    return true;
  }

  void fill_request() {
    method = head_.method;
    target = head_.target;
    headers = head_.headers;
    auto mark = target.find('?');
    path = target.substr(0, mark);
    query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  }

  void handle() {
    state_ = State::answering;
    fill_request();
    if (shared().logs()) begun_ = seconds_since_start();
    ExchangePointer self(connection_.shared_from_this(), this);
    handling_ = true;
    try {
      door_.handler(self);
    } catch (const Error& error) {
      finish(http_error(row_of(error.code).http_status, error.text()));
    } catch (const std::exception& error) {
      finish(http_error(500, error.what()));
    }
    handling_ = false;
  }

  void finish(HttpAnswer answer) {
    if (state_ != State::answering) return;
    if (connection_.thread().shared().draining) keep_alive_ = false;
    answer_head_.clear();
    append_head(answer);
    bool only_head = method == "HEAD";
    if (shared().logs())
      shared().log({.protocol = "http",
                    .method = method,
                    .path = path,
                    .status = answer.status,
                    .seconds = begun_ > 0 ? seconds_since_start() - begun_ : 0,
                    .received = body.size(),
                    .sent = answer.body.size(),
                    .traceparent = header("traceparent")});
    begun_ = 0;
    connection_.input().consume(head_size_ + body_size_);
    uncount();
    pass.reset();
    unchunker_.reset();
    state_ = State::head;
    connection_.deadline_in(options().idle_seconds);
    if (!keep_alive_) ending_ = true;
    connection_.send(answer_head_, only_head ? std::string() : std::move(answer.body));
    if (!keep_alive_) connection_.close_when_sent();
  }

  void append_head(const HttpAnswer& answer) {
    auto number = [&](std::size_t value) {
      char digits[20];
      answer_head_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    };
    answer_head_ += "HTTP/1.1 ";
    number(static_cast<std::size_t>(answer.status));
    answer_head_ += ' ';
    answer_head_ += reason_of(answer.status);
    answer_head_ += "\r\nContent-Type: ";
    answer_head_ += answer.content_type;
    answer_head_ += "\r\nContent-Length: ";
    number(answer.body.size());
    answer_head_ += keep_alive_ ? "\r\n" : "\r\nConnection: close\r\n";
    answer_head_ += answer.headers;
    answer_head_ += "\r\n";
  }

  // What came cannot be understood, or is not wanted: said, and the connection closed, since where the next request
  // begins is not known.
  bool refuse(int status, const std::string& text) {
    if (state_ == State::answering || ending_) return false;
    method = path = {};
    headers.clear();
    end_with(http_error(status, text));
    return false;
  }
  void end_with(HttpAnswer answer) {
    state_ = State::answering;
    keep_alive_ = false;
    body = {};
    head_size_ = body_size_ = 0;
    finish(std::move(answer));
  }

  bool count_body() {
    auto& all = connection_.thread().shared().body_bytes;
    if (all.fetch_add(body_size_) + body_size_ > options().bodies_limit) {
      all -= body_size_;
      return false;
    }
    counted_ = body_size_;
    return true;
  }
  void uncount() {
    connection_.thread().shared().body_bytes -= counted_;
    counted_ = 0;
  }

  Connection& connection_;
  const HttpDoor& door_;
  HttpHead head_;
  struct Framing {
    bool chunked = false, waits = false;
    std::size_t aligned = 0;  // what shall lie well in memory begins here
  } framing_;
  State state_ = State::head;
  bool keep_alive_ = true;
  bool ending_ = false;
  bool handling_ = false;     // the handler is called and has not returned
  bool in_judge_ = false;     // so is the judge
  std::size_t searched_ = 0;  // of the input, for the end of the head
  std::size_t head_size_ = 0, body_size_ = 0;
  double begun_ = 0;         // when the handler got it, while requests are logged
  std::size_t counted_ = 0;  // bytes of the shared limit that are ours
  std::string kept_head_, answer_head_;
  std::optional<Unchunker> unchunker_;
};

}  // namespace

std::unique_ptr<Protocol> make_http1(Connection& connection, const HttpDoor& door) {
  return std::make_unique<Http1>(connection, door);
}

std::string_view HttpExchange::header(std::string_view name) const {
  for (auto& [own, value] : headers)
    if (same_word(own, name)) return value;
  return {};
}

HttpAnswer http_error(int status, std::string_view text) {
  std::string body = "{\"error\":";
  append_json_string(body, text);
  body += '}';
  return {.status = status, .body = std::move(body)};
}

}  // namespace gyre
