#include "serve/http2.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "base/clock.hpp"
#include "base/gzip.hpp"

namespace gyre {

namespace {

constexpr std::size_t frame_head = 5;
constexpr std::uint32_t window = 16 << 20;    // a client may send so much before we say that we took it
constexpr std::size_t most_streams = 1024;    // of one connection at a time
constexpr std::size_t most_unsent = 4 << 20;  // answers that a slow reader may leave with us
constexpr std::size_t small_call = 1 << 20;   // is read to its end though its answer is known

constexpr int cancelled = 1;

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 3;
    case Code::not_found:
      return 5;
    case Code::conflict:
      return 6;
    case Code::denied:
      return 16;
    case Code::full:
      return 8;
    case Code::unsupported:
      return 12;
    case Code::unavailable:
      return 14;
    case Code::cancelled:
      return 1;
    case Code::internal:
      break;
  }
  return 13;
}

// Trailers carry texts as printable ASCII; the rest as %XX.
std::string escaped(std::string_view text) {
  std::string to;
  for (char c : text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7E || c == '%') {
      to += '%';
      to += digits[byte >> 4];
      to += digits[byte & 15];
    } else {
      to += c;
    }
  }
  return to;
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME};
}

class Http2;

class Call final : public GrpcCall, public std::enable_shared_from_this<Call> {
 public:
  Call(Http2& owner, std::shared_ptr<Connection> connection, std::int32_t stream)
      : owner(owner), connection(std::move(connection)), stream(stream) {}
  std::string_view path() const override { return path_text; }
  void answer(std::size_t place, std::string framed) override;
  void fail(const Error& error) override { refuse(status_of(error.code), error.text()); }
  void refuse(int status, std::string_view text) override;
  void carry_trace(std::string traceparent) override;
  std::string_view metadata(std::string_view name) const override {
    auto found = kept.find(name);
    return found == kept.end() ? std::string_view{} : found->second;
  }

  Http2& owner;  // lives as long as the connection
  const std::shared_ptr<Connection> connection;
  const std::int32_t stream;
  // Of the I/O thread:
  std::string path_text, encoding;
  std::map<std::string, std::string, std::less<>> kept;  // metadata; not changed once the first message came
  bool is_grpc = false;
  bool streams = false;
  std::string input;                               // that is no whole message yet
  std::size_t messages = 0;                        // that were handed to the handler
  std::deque<std::optional<std::string>> answers;  // from `answered` on, in order
  std::size_t answered = 0;                        // that were given to the connection
  std::string output;
  std::size_t sent = 0;  // of output
  std::size_t received_bytes = 0, sent_bytes = 0;
  double begun = 0;         // while requests are logged
  std::string traceparent;  // that the answer carries
  bool input_ended = false, responded = false, ended = false, deferred = false, closed = false;
  int status = 0;
  std::string status_text;
};

class Http2 final : public Protocol {
 public:
  Http2(Connection& connection, const GrpcHandler& handler) : connection_(connection), handler_(handler) {
    nghttp2_session_callbacks* raw = nullptr;
    check(nghttp2_session_callbacks_new(&raw));
    std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> callbacks(
        raw, nghttp2_session_callbacks_del);
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        raw, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            static_cast<Http2*>(self)->begin(frame->hd.stream_id);
          return 0;
        });
    nghttp2_session_callbacks_set_on_header_callback(
        raw, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
          static_cast<Http2*>(self)->header_came(frame->hd.stream_id, {reinterpret_cast<const char*>(name), name_size},
                                                 {reinterpret_cast<const char*>(value), value_size});
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        raw, [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data, std::size_t size,
                void* self) {
          static_cast<Http2*>(self)->data_came(stream, {reinterpret_cast<const char*>(data), size});
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        raw, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            static_cast<Http2*>(self)->head_came(frame->hd.stream_id);
          bool whole = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
          if (whole && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            static_cast<Http2*>(self)->input_ended(frame->hd.stream_id);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        raw, [](nghttp2_session*, std::int32_t stream, std::uint32_t, void* self) {
          static_cast<Http2*>(self)->closed(stream);
          return 0;
        });
    nghttp2_session* session = nullptr;
    check(nghttp2_session_server_new(&session, raw, this));
    session_.reset(session);
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, most_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 1 << 20},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(options().header_limit)}};
    check(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings)));
    check(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, window));
  }

  void received() override {
    auto& input = connection_.input();
    receiving_ = true;
    auto taken =
        nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    receiving_ = false;
    if (taken < 0) {  // it does not speak HTTP/2, or breaks its rules: nghttp2 has prepared what to tell it
      flush();
      return connection_.close_when_sent();
    }
    input.consume(static_cast<std::size_t>(taken));
    // Who has not called yet may be no client at all.
    connection_.deadline_in(!called_         ? options().header_seconds
                            : calls_.empty() ? options().idle_seconds
                                             : options().piece_seconds);
    flush();
    if (!nghttp2_session_want_read(session_.get()) && !nghttp2_session_want_write(session_.get()))
      connection_.close_when_sent();
  }
  bool wants_input() const override { return true; }
  bool idle() const override { return calls_.empty(); }
  void timed_out() override {
    for (auto& [stream, call] : calls_)
      if (!call->ended && (call->streams || call->messages > call->answered))
        return connection_.deadline_in(options().piece_seconds);  // it waits for us
    connection_.close();
  }
  void all_sent() override { flush(); }
  void gone() override {  // calls and connection hold each other
    for (auto& [stream, call] : calls_) call->closed = true;
    calls_.clear();
  }

  // Both on the I/O thread.
  void answered(Call& call, std::size_t place, std::string framed) {
    if (call.closed || call.ended) return;
    if (place - call.answered >= call.answers.size()) call.answers.resize(place - call.answered + 1);
    call.answers[place - call.answered] = std::move(framed);
    while (!call.answers.empty() && call.answers.front()) {
      call.sent_bytes += call.answers.front()->size();
      if (call.sent == call.output.size()) {
        call.output = std::move(*call.answers.front());
        call.sent = 0;
      } else {
        call.output += *call.answers.front();
      }
      call.answers.pop_front();
      call.answered++;
    }
    if (!call.streams || (call.input_ended && call.answered == call.messages)) call.ended = true;
    if (!reads_first(call)) respond(call);
  }
  void failed(Call& call, int status, std::string text) {
    if (call.closed || call.ended) return;
    call.ended = true;
    call.status = status;
    call.status_text = escaped(text);
    if (!reads_first(call)) respond(call);
  }
  void flush() {
    if (flushing_) return;
    flushing_ = true;
    while (connection_.open() && !connection_.sending()) {
      std::string out;
      while (out.size() < most_unsent) {
        const std::uint8_t* data = nullptr;
        auto size = nghttp2_session_mem_send(session_.get(), &data);
        if (size < 0) connection_.close();
        if (size <= 0) break;
        out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
      }
      if (out.empty()) break;
      connection_.send(out);
    }
    flushing_ = false;
  }

 private:
  static void check(int result) {
    if (result != 0) throw Error(Code::internal, std::string("HTTP/2: ") + nghttp2_strerror(result));
  }
  const FrontOptions& options() { return connection_.thread().shared().options; }
  // Clients that hear the end while they still send may wait for ever: curl 7.88 does. One that sends a stream may wait
  // for the answer before it goes on.
  static bool reads_first(const Call& call) {
    return !call.streams && !call.input_ended && call.received_bytes < small_call;
  }
  Call* find(std::int32_t stream) {
    auto found = calls_.find(stream);
    return found == calls_.end() ? nullptr : found->second.get();
  }

  void begin(std::int32_t stream) {
    called_ = true;
    auto& call = calls_[stream] = std::make_shared<Call>(*this, connection_.shared_from_this(), stream);
    if (connection_.thread().shared().logs()) call->begun = seconds_since_start();
  }

  void header_came(std::int32_t stream, std::string_view name, std::string_view value) {
    auto* call = find(stream);
    if (!call) return;
    if (name == ":path") {
      call->path_text = value;
      call->streams = handler_.streams(value);
    } else if (name == "content-type") {
      call->is_grpc = value.starts_with("application/grpc");
    } else if (name == "grpc-encoding") {
      call->encoding = value;
    } else if (call->messages > 0) {
      return;  // trailers: others may read what came before them
    } else if (name == "authorization" || name == "api-key" || name == "traceparent") {
      call->kept[std::string(name)] = value;
    }
  }

  void head_came(std::int32_t stream) {
    if (auto* call = find(stream); call && handler_.head) handler_.head(call->shared_from_this());
  }

  void data_came(std::int32_t stream, std::string_view data) {
    auto* call = find(stream);
    if (!call) return;
    call->received_bytes += data.size();
    if (call->ended) {
      if (!call->responded && !reads_first(*call)) respond(*call);
      return;
    }
    auto& input = call->input;
    input.append(data);
    while (input.size() >= frame_head && !call->ended) {
      std::uint32_t size = 0;
      for (std::size_t i = 1; i < frame_head; i++) size = size << 8 | static_cast<unsigned char>(input[i]);
      std::size_t whole = frame_head + size;
      if (size > options().body_limit)
        return failed(*call, 8,
                      "a message has " + std::to_string(size) + " bytes; at most " +
                          std::to_string(options().body_limit) + " are taken");
      if (input.size() < whole) {
        // What is announced is not believed: room grows with what comes.
        if (input.capacity() < whole) input.reserve(std::min(whole, std::max<std::size_t>(input.size() * 2, 1 << 20)));
        return;
      }
      GrpcMessage message{{}, frame_head, {}};
      if (input.size() == whole) {
        message.bytes = std::move(input);
        input = {};
      } else {
        message.bytes = input.substr(0, whole);
        input.erase(0, whole);
      }
      take(*call, std::move(message));
    }
  }

  void take(Call& call, GrpcMessage message) {
    if (!call.streams && call.messages > 0) return failed(call, 3, "the method takes one message");
    std::size_t place = call.messages++;
    try {
      if (message.bytes[0] == 1) {
        if (call.encoding != "gzip" && call.encoding != "deflate")
          return failed(call, 12, "messages may be packed with gzip or deflate");
        message = {gunzip(message.view(), options().body_limit, "message"), 0, {}};
      }
      handler_.message(call.shared_from_this(), place, std::move(message));
    } catch (const Error& error) {
      failed(call, status_of(error.code), error.text());
    } catch (const std::exception& error) {
      failed(call, 13, error.what());
    }
  }

  void input_ended(std::int32_t stream) {
    auto* call = find(stream);
    if (!call) return;
    call->input_ended = true;
    if (call->ended) {
      if (!call->responded) respond(*call);
      return;
    }
    if (!call->is_grpc) return failed(*call, 3, "the content type is not application/grpc");
    if (!call->input.empty()) return failed(*call, 3, "the call ends in the middle of a message");
    if (!call->streams && call->messages == 0) return failed(*call, 3, "the call has no message");
    if (call->streams && call->answered == call->messages) {
      call->ended = true;
      respond(*call);
    }
  }

  void closed(std::int32_t stream) {
    auto found = calls_.find(stream);
    if (found == calls_.end()) return;
    auto& call = *found->second;
    call.closed = true;
    if (auto& shared = connection_.thread().shared(); shared.logs())
      shared.log({.protocol = "grpc",
                  .method = "POST",
                  .path = call.path_text,
                  .status = call.ended ? call.status : cancelled,
                  .seconds = call.begun > 0 ? seconds_since_start() - call.begun : 0,
                  .received = call.received_bytes,
                  .sent = call.sent_bytes,
                  .traceparent = call.metadata("traceparent")});
    calls_.erase(found);
  }

  // Headers at first, then what there is; nghttp2 asks for it piece by piece, as the client's window allows.
  void respond(Call& call) {
    if (call.responded) {
      if (call.deferred) {
        call.deferred = false;
        nghttp2_session_resume_data(session_.get(), call.stream);
      }
    } else {
      call.responded = true;
      nghttp2_nv headers[] = {header(":status", "200"), header("content-type", "application/grpc"),
                              header("grpc-accept-encoding", "identity,gzip,deflate"),
                              header("traceparent", call.traceparent)};
      std::size_t count = std::size(headers) - (call.traceparent.empty() ? 1 : 0);
      nghttp2_data_provider provider{};
      provider.source.ptr = &call;
      provider.read_callback = [](nghttp2_session* session, std::int32_t stream, std::uint8_t* to, std::size_t room,
                                  std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
        auto& call = *static_cast<Call*>(source->ptr);
        std::size_t part = std::min(room, call.output.size() - call.sent);
        if (part == 0 && !call.ended) {
          call.deferred = true;
          return NGHTTP2_ERR_DEFERRED;
        }
        std::memcpy(to, call.output.data() + call.sent, part);
        call.sent += part;
        if (call.sent == call.output.size()) {
          call.output.clear();
          call.sent = 0;
          if (call.ended) {
            *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
            std::string status = std::to_string(call.status);
            nghttp2_nv trailers[] = {header("grpc-status", status), header("grpc-message", call.status_text)};
            if (nghttp2_submit_trailer(session, stream, trailers, call.status_text.empty() ? 1 : 2) != 0)
              return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
          }
        }
        return static_cast<ssize_t>(part);
      };
      if (nghttp2_submit_response(session_.get(), call.stream, headers, count, &provider) != 0) return;
    }
    if (!in_session()) flush();
  }

  // nghttp2 must not be asked to send while it calls us; received() does so afterwards.
  bool in_session() const { return receiving_; }

  struct End {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  Connection& connection_;
  const GrpcHandler& handler_;
  std::map<std::int32_t, std::shared_ptr<Call>> calls_;
  std::unique_ptr<nghttp2_session, End> session_;
  bool receiving_ = false;
  bool flushing_ = false;
  bool called_ = false;  // ever
};

void Call::answer(std::size_t place, std::string framed) {
  if (connection->thread().here()) return owner.answered(*this, place, std::move(framed));
  connection->thread().post_or_do([self = shared_from_this(), place, framed = std::move(framed)]() mutable {
    if (self->connection->open()) self->owner.answered(*self, place, std::move(framed));
  });
}

void Call::carry_trace(std::string text) {
  if (text.empty()) return;
  if (connection->thread().here()) {
    traceparent = std::move(text);
    return;
  }
  connection->thread().post(
      [self = shared_from_this(), text = std::move(text)]() mutable { self->traceparent = std::move(text); });
}

void Call::refuse(int status, std::string_view text) {
  if (connection->thread().here()) return owner.failed(*this, status, std::string(text));
  connection->thread().post([self = shared_from_this(), status, text = std::string(text)] {
    if (self->connection->open()) self->owner.failed(*self, status, text);
  });
}

}  // namespace

std::unique_ptr<Protocol> make_http2(Connection& connection, const GrpcHandler& handler) {
  return std::make_unique<Http2>(connection, handler);
}

}  // namespace gyre
