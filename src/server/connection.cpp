#include "server/connection.hpp"

#include <fcntl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <charconv>
#include <thread>

#include "base/cores.hpp"
#include "base/file.hpp"
#include "server/spool_file.hpp"
#include "server/wire.hpp"

namespace gyre {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using Wire = boost::system::error_code;

static constexpr std::size_t piece_size = 64 << 10, spool_piece = 512 << 10;
// GCC 12 destroys temporaries of a co_await inside a larger expression twice: here each co_await is a statement or an
// initialiser of its own, and arguments are named values.
static constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

static std::chrono::nanoseconds seconds(double value) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(value * 1e9));
}

// An answer of the server's own, where no handler was asked.
static Response refusal(int status, std::string text, std::string hint = {}) {
  Response response = error_response(Error(Code::invalid, std::move(text), std::move(hint)));
  response.status = status;
  return response;
}

// What the client sent is no HTTP; not: it left in the middle.
static bool is_malformed(const Wire& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

namespace {

// The end of some work, and who goes on then.
class Ending {
 public:
  void end(std::exception_ptr failure) {
    std::unique_lock lock(mutex_);
    failure_ = failure;
    over_ = true;
    auto then = std::move(then_);
    lock.unlock();
    if (then) then();
  }
  bool on_end(std::function<void()> then) {  // false when it is over already: nothing will be called
    std::lock_guard lock(mutex_);
    if (!over_) then_ = std::move(then);
    return !over_;
  }
  bool is_over() {
    std::lock_guard lock(mutex_);
    return over_;
  }
  std::exception_ptr failure() {
    std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  std::mutex mutex_;  // guards all
  bool over_ = false;
  std::exception_ptr failure_;
  std::function<void()> then_;
};

}  // namespace

// Goes on with a connection: here, when this thread serves connections and does not go on with one already.
template <class Executor, class Work>
static void go_on(const Executor& executor, Work work) {
  thread_local bool goes_on = false;
  if (goes_on) return asio::post(executor, std::move(work));
  goes_on = true;
  asio::dispatch(executor, std::move(work));
  goes_on = false;
}

template <class Stream>
class Connection {
 public:
  // `stream` is `open.stream`, or TLS over it.
  Connection(OpenConnection& open, Stream& stream, const RouteTable& routes, const Admit& admit, std::string who)
      : shared_(open.shared), open_(open), stream_(stream), routes_(routes), admit_(admit), who_(std::move(who)) {
    Wire gone;  // it has left already: nothing is asked any more
    if (auto peer = open.socket.remote_endpoint(gone); !gone) peer_ = peer.address().to_string();
  }

  awaitable<void> serve() {
    while (!shared_.stopping) {
      open_.idle = true;
      if (buffer_.size() == 0) {
        bool something = co_await first_bytes();
        if (!something) co_return;
      }
      open_.idle = false;
      bool go_on = co_await one_request();
      if (!go_on) break;
    }
    co_await linger();
  }

 private:
  using Parser = http::request_parser<http::buffer_body>;
  void allow(double time) { open_.allow(time); }

  awaitable<bool> first_bytes() {
    allow(shared_.options.idle_seconds);
    bool something = co_await more_bytes();
    co_return something;
  }

  awaitable<bool> more_bytes() {
    auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(4096), no_throw);
    if (error) co_return false;
    shared_.awake.asked();
    buffer_.commit(count);
    co_return true;
  }

  // Reads one request, has it handled, answers. False: the connection ends.
  awaitable<bool> one_request() {
    Request request;
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(shared_.options.header_limit));
    parser.body_limit(boost::none);
    allow(shared_.options.header_seconds);
    while (true) {  // mostly it is all here already: then nothing is waited for, and no other thread goes on with it
      Wire error;
      buffer_.consume(parser.put(buffer_.data(), error));
      if (parser.is_header_done()) break;
      if (error && error != http::error::need_more) {
        auto response = about_bad_header(error);
        if (response) co_await send(request, *response, false);
        co_return false;
      }
      bool more = co_await more_bytes();
      if (!more) co_return false;
    }
    auto& head = parser.get();
    request.method = std::string(head.method_string());
    request.who = who_;
    request.headers[std::string(peer_header)] = peer_;
    if (!set_target(request, std::string_view(head.target().data(), head.target().size()))) {
      Response refused = refusal(400, "the request target is malformed");
      co_await send(request, refused, false);
      co_return false;
    }
    for (auto& field : head) {
      auto& value = request.headers[std::string(field.name_string())];
      if (!value.empty()) value += ", ";
      value += std::string_view(field.value().data(), field.value().size());
    }
    bool keep = head.keep_alive() && !shared_.stopping;
    if (admit_) {
      std::optional<Response> unknown = admit_(request);
      if (unknown) {
        keep = keep && parser.is_done();
        bool sent = co_await send(request, *unknown, keep);
        co_return (sent && keep);
      }
    }
    const Route* route = routes_.find(request);
    if (!route) {
      Response response = routes_.handle(request);  // says 404 or 405
      keep = keep && parser.is_done();
      bool sent = co_await send(request, response, keep);
      co_return (sent && keep);
    }
    std::unique_ptr<SpoolFile> spool;
    std::optional<Response> refused = co_await read_body(parser, *route, request, spool);
    if (lost_) co_return false;
    if (refused) {
      spool.reset();
      co_await send(request, *refused, false);
      co_return false;
    }
    if (spool) {
      request.body_file = spool->path();
      shared_.places.leave();
      request.body_digest = spool->digest();
    }
    open_.allow_any_time();  // it waits for us now
    Response response;
    if (!route->quick) {
      if (!shared_.turns.take()) co_await turn();
      shared_.places.leave();
    }
    response = routes_.begin(request);
    if (!route->quick) shared_.turns.give();
    if (response.once) {
      auto failure = co_await ended(std::exchange(response.once, {}));
      if (failure) response = routes_.failed(request, failure);
    }
    spool.reset();  // before the answer: who has that sees no leftovers
    keep = keep && !shared_.stopping;
    bool sent = co_await send(request, response, keep);
    co_return (sent && keep);
  }

  awaitable<void> turn() {
    auto executor = stream_.get_executor();
    auto await = [&](auto handler) {
      auto kept = std::make_shared<decltype(handler)>(std::move(handler));
      auto resume = [kept] { std::move (*kept)(); };
      auto later = [executor, resume] { asio::post(executor, resume); };
      if (shared_.turns.take(later)) later();
    };
    co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(await, asio::use_awaitable);
  }

  // Waits for work without keeping a thread; mostly this thread has done it when the call returns.
  awaitable<std::exception_ptr> ended(Later work) {
    auto executor = stream_.get_executor();
    auto ending = std::make_shared<Ending>();
    work([ending](std::exception_ptr failure) { ending->end(failure); },
         [executor](std::function<void()> more) { asio::post(executor, std::move(more)); });
    if (!ending->is_over()) {
      auto await = [&](auto handler) {
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        auto resume = [kept] { std::move (*kept)(); };
        if (!ending->on_end([executor, resume] { go_on(executor, resume); })) asio::post(executor, resume);
      };
      co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(await, asio::use_awaitable);
    }
    co_return ending->failure();
  }

  std::optional<Response> about_bad_header(Wire error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return refusal(431, "the headers are larger than " + std::to_string(shared_.options.header_limit) + " bytes");
    if (is_malformed(error)) return refusal(400, "no HTTP request: " + error.message());
    return {};
  }

  // Gives an answer when the body is refused; sets lost_ when the client is gone.
  awaitable<std::optional<Response>> read_body(Parser& parser, const Route& route, Request& request,
                                               std::unique_ptr<SpoolFile>& spool) {
    std::size_t limit = shared_.options.body_limit;
    bool spooled = route.spool;
    if (!spooled && parser.content_length() && *parser.content_length() > limit) co_return too_large();
    std::optional<Error> failed;
    if (spooled) {
      try {
        spool = std::make_unique<SpoolFile>(shared_.options.spool, route.hashed);
      } catch (const Error& error) {
        failed = error;
      }
      if (failed) co_return error_response(*failed);
    }
    if (parser.is_done()) co_return std::nullopt;
    if (auto expect = request.headers.find("Expect"); expect != request.headers.end()) {
      allow(shared_.options.piece_seconds);
      auto [error, count] =
          co_await asio::async_write(stream_, asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), no_throw);
      if (error) co_return lose();
    }
    if (parser.content_length()) {
      bool whole = co_await read_known(request.body, spool.get(), *parser.content_length(), failed);
      if (failed) co_return error_response(*failed);
      if (!whole) co_return lose();
      co_return std::nullopt;
    }
    std::string piece(piece_size, '\0');
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = piece.data();
      body.size = piece.size();
      allow(shared_.options.piece_seconds);
      auto [error, count] = co_await http::async_read(stream_, buffer_, parser, no_throw);
      if (error && error != http::error::need_buffer) {
        if (is_malformed(error)) co_return refusal(400, "the request body is malformed: " + error.message());
        co_return lose();
      }
      std::string_view bytes(piece.data(), piece.size() - body.size);
      if (!spooled) {
        if (request.body.size() + bytes.size() > limit) co_return too_large();
        request.body += bytes;
        continue;
      }
      if (!kept(*spool, bytes, failed)) co_return error_response(*failed);
    }
    co_return std::nullopt;
  }

  // Lets the thread sleep until so many bytes are there. TLS counts otherwise.
  void wake_at(std::size_t bytes) {
    if constexpr (std::is_same_v<Stream, asio::ip::tcp::socket>) {
      Wire ignored;  // it is only slower without
      stream_.set_option(asio::socket_base::receive_low_watermark(static_cast<int>(bytes)), ignored);
    }
  }

  // A body whose length was said, in as few reads as it takes: into the spool, else into `body`.
  awaitable<bool> read_known(std::string& body, SpoolFile* spool, std::uint64_t length, std::optional<Error>& failed) {
    std::size_t first = std::min<std::size_t>(length, buffer_.size());
    body.assign(static_cast<const char*>(buffer_.data().data()), first);
    buffer_.consume(first);
    std::size_t filled = body.size();  // of body, which is a piece only when there is a spool
    for (std::uint64_t have = first; have < length;) {
      std::size_t next = std::min<std::size_t>(length - have, spool ? spool_piece - filled : piece_size);
      body.resize(filled + next);  // no more memory than was sent, and a piece
      wake_at(std::min(next, piece_size));
      allow(shared_.options.piece_seconds);
      auto [error, count] = co_await stream_.async_read_some(asio::buffer(body.data() + filled, next), no_throw);
      if (error) co_return false;
      have += count;
      filled += count;
      if (!spool || (filled < spool_piece && have < length)) continue;
      if (!kept(*spool, {body.data(), filled}, failed)) co_return false;
      filled = 0;
    }
    if (length > first) wake_at(1);
    if (filled > 0 && spool && !kept(*spool, {body.data(), filled}, failed)) co_return false;  // it came with the head
    body.resize(spool ? 0 : length);
    co_return true;
  }

  bool kept(SpoolFile& spool, std::string_view bytes, std::optional<Error>& failed) {
    shared_.places.leave();
    try {
      spool.write(bytes);
      return true;
    } catch (const Error& error) {
      failed = error;
      return false;
    }
  }

  std::optional<Response> lose() {
    lost_ = true;
    return {};
  }
  Response too_large() const {
    return refusal(413, "the request body is larger than " + std::to_string(shared_.options.body_limit) + " bytes",
                   "this route takes no more; large files have upload routes of their own");
  }

  awaitable<bool> send(const Request& request, Response& response, bool keep) {
    if (response.file && response.status == 200) {
      bool sent = co_await send_file(request, response, keep);
      co_return sent;
    }
    bool head_only = request.method == "HEAD";
    std::uint64_t length = response.body.size();
    if (auto own = response.headers.find("Content-Length"); head_only && own != response.headers.end())
      std::from_chars(own->second.data(), own->second.data() + own->second.size(), length);
    std::string head = response_head(response, length, keep);
    bool with_body = !head_only && response.status != 204 && response.status != 304;
    bool together = response.body.size() < piece_size;  // a large body is not copied only to be one piece with its head
    if (with_body && together) head += response.body;
    bool sent = co_await send_pieces(head);
    if (sent && with_body && !together) sent = co_await send_pieces(response.body);
    co_return sent;
  }

  awaitable<bool> send_pieces(std::string_view bytes) {
    bytes.remove_prefix(sent_at_once(bytes));
    while (!bytes.empty()) {
      std::string_view piece = bytes.substr(0, piece_size);
      allow(shared_.options.piece_seconds);
      auto [error, count] = co_await asio::async_write(stream_, asio::buffer(piece.data(), piece.size()), no_throw);
      if (error) co_return false;
      bytes.remove_prefix(piece.size());
    }
    co_return true;
  }

  // What the socket takes without waiting; of what is wrong with it async_write will tell.
  std::size_t sent_at_once(std::string_view bytes) {
    if constexpr (!std::is_same_v<Stream, asio::ip::tcp::socket>) return 0;
    ssize_t sent = ::send(open_.socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

  awaitable<bool> send_file(const Request& request, Response& response, bool keep) {
    FileHandle file;
    std::uint64_t size = 0;
    std::optional<Error> failed;
    try {
      file = open_file(*response.file, O_RDONLY);
      struct stat info {};
      if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
        throw Error(Code::not_found, response.file->string() + " is no file");
      size = static_cast<std::uint64_t>(info.st_size);
    } catch (const Error& error) {
      failed = error;
    }
    if (failed) {
      Response refused = error_response(*failed);
      bool sent = co_await send(request, refused, keep);
      co_return sent;
    }
    RangeAnswer answer{.range = {0, size}};
    // Which version If-Range means is the handler's knowledge, not ours: the whole is always a right answer.
    if (auto range = request.headers.find("Range");
        range != request.headers.end() && !request.headers.contains("If-Range"))
      answer = byte_range(range->second, size);
    response.headers["Accept-Ranges"] = "bytes";
    if (answer.impossible) {
      Response none = refusal(
          416, "the range " + request.headers.at("Range") + " is outside of " + std::to_string(size) + " bytes");
      none.headers["Content-Range"] = "bytes */" + std::to_string(size);
      bool sent = co_await send(request, none, keep);
      co_return sent;
    }
    if (answer.partial) {
      response.status = 206;
      response.headers["Content-Range"] = "bytes " + std::to_string(answer.range.first) + "-" +
                                          std::to_string(answer.range.first + answer.range.count - 1) + "/" +
                                          std::to_string(size);
    }
    std::string piece = response_head(response, answer.range.count, keep);
    std::uint64_t left = request.method == "HEAD" ? 0 : answer.range.count, at = answer.range.first;
    bool sent = co_await send_pieces(piece);
    while (sent && left > 0) {
      piece.resize(std::min<std::uint64_t>(left, 4 * piece_size));
      shared_.places.leave();
      ssize_t got = ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(at));
      if (got <= 0) {  // the length is promised already: cutting the connection is the one honest answer
        shared_.log(response.file->string() + ": " + (got == 0 ? "became shorter" : "cannot be read") +
                    " while it was sent");
        co_return false;
      }
      sent = co_await send_pieces(std::string_view(piece.data(), static_cast<std::size_t>(got)));
      at += static_cast<std::uint64_t>(got);
      left -= static_cast<std::uint64_t>(got);
    }
    co_return sent;
  }

  // A client that still sends would lose our answer to a reset: close our half, then read on for a moment.
  awaitable<void> linger() {
    open_.idle = true;
    Wire ignored;  // the client may be gone: nothing is left to tell it
    if constexpr (!std::is_same_v<Stream, asio::ip::tcp::socket>) {
      allow(2);
      co_await stream_.async_shutdown(no_throw);
    }
    open_.socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    allow(2);
    std::string waste(piece_size, '\0');
    while (true) {
      auto [error, count] = co_await open_.socket.async_read_some(asio::buffer(waste.data(), waste.size()), no_throw);
      if (error) break;
    }
  }

  ServerShared& shared_;
  OpenConnection& open_;
  Stream& stream_;
  const RouteTable& routes_;
  const Admit& admit_;
  std::string who_;
  std::string peer_;
  beast::flat_buffer buffer_;
  bool lost_ = false;
};

ServerShared::ServerShared(ServerOptions given)
    : options(std::move(given)),
      places(std::min(options.workers, std::max(2, static_cast<int>(usable_cores()) - 1))),
      turns(options.workers),
      awake(options.awake) {}

static thread_local bool has_place = false;

void Places::take() {
  if (has_place) return;
  std::unique_lock lock(mutex_);
  given_.wait(lock, [&] { return free_ > 0; });
  free_--;
  has_place = true;
}

void Places::leave() {
  if (!std::exchange(has_place, false)) return;
  {
    std::lock_guard lock(mutex_);
    free_++;
  }
  given_.notify_one();
}

bool Turns::take(const std::function<void()>& then) {
  std::lock_guard lock(mutex_);
  if (free_ > 0) return free_--, true;
  if (then) waiting_.push_back(then);
  return false;
}

void Turns::give() {
  std::function<void()> next;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      free_++;
      return;
    }
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  next();
}

OpenConnection::OpenConnection(ServerShared& shared, asio::ip::tcp::socket socket)
    : shared(shared), socket(std::move(socket)) {
  std::lock_guard lock(shared.mutex);
  shared.connections.insert(this);
}

OpenConnection::~OpenConnection() {
  std::lock_guard lock(shared.mutex);
  shared.connections.erase(this);
}

void OpenConnection::allow(double time) {
  until = Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds(time));
}

void OpenConnection::allow_any_time() { until = Clock::time_point::max(); }

bool OpenConnection::is(ServerShared::Which which) const {
  if (which == ServerShared::Which::overdue) return until.load() < Clock::now();
  return which == ServerShared::Which::all || idle;
}

void ServerShared::close(Which which) {
  std::lock_guard lock(mutex);
  for (auto* connection : connections)
    if (connection->is(which)) ::shutdown(connection->socket.native_handle(), SHUT_RDWR);
}

static std::string common_name(SSL* ssl) {
  std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl), X509_free);
  if (!certificate) return "anonymous";
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return "anonymous";
  ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

awaitable<void> serve_connection(ServerShared& shared, asio::ip::tcp::socket socket, const RouteTable& routes,
                                 TlsContext tls, const Admit& admit) {
  Wire ignored;  // a socket that refuses the option is only slower
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  OpenConnection open(shared, std::move(socket));
  if (!tls) {
    Connection<asio::ip::tcp::socket> connection(open, open.socket, routes, admit, "local");
    co_await connection.serve();
    co_return;
  }
  asio::ssl::stream<asio::ip::tcp::socket&> secure(open.socket, *tls);
  open.allow(shared.options.header_seconds);
  auto [error] = co_await secure.async_handshake(asio::ssl::stream_base::server, no_throw);
  if (error) {
    shared.log("TLS handshake refused: " + error.message());
    co_return;
  }
  Connection<asio::ssl::stream<asio::ip::tcp::socket&>> connection(open, secure, routes, admit,
                                                                   common_name(secure.native_handle()));
  co_await connection.serve();
}

awaitable<void> turn_away(asio::ip::tcp::socket socket) {
  Response response = error_response(Error(Code::unavailable, "too many connections", "try again in a moment"));
  std::string text = response_head(response, response.body.size(), false) + response.body;
  co_await asio::async_write(socket, asio::buffer(text), no_throw);
}

}  // namespace gyre
