#pragma once
// The listening side of inference: a few threads that read requests, answer the quick ones where they were read and
// hand the others on. Made for many small requests; the route tables of the rest of Gyre are carried by src/server.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http_server.hpp"

namespace gyre {

struct FrontOptions {
  std::size_t threads = 0;                 // 0: as many as cores, at most 8
  std::size_t body_limit = 256u << 20;     // of one request
  std::size_t bodies_limit = 1024u << 20;  // of all large bodies that are kept at one time
  std::size_t header_limit = 32u << 10;
  std::size_t connections = 20000;
  double idle_seconds = 75;    // between two requests of one connection
  double header_seconds = 15;  // from the first byte of a request to the end of its headers
  double piece_seconds = 30;   // for each piece of a body, in and out
  bool awake = true;           // while clients ask in quick succession, no core is halted (server/awake.hpp)
};

// What a log tells of a request, once it is answered.
struct AnsweredRequest {
  std::string_view protocol;  // "http", "grpc"
  std::string_view method, path;
  int status = 0;  // gRPC's own for gRPC
  double seconds = 0;
  std::size_t received = 0, sent = 0;
  std::string_view traceparent;
};

struct HttpAnswer {
  int status = 200;
  std::string_view content_type = "application/json";  // of static storage
  std::string body;
  std::string headers{};  // "Name: value\r\n" for each
};

// One request; its views live until it is answered.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  std::string_view method, target, path, query, body;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::shared_ptr<const void> pass;                      // let go when it is answered
  std::string_view header(std::string_view name) const;  // empty when absent; names in any case
  virtual void answer(HttpAnswer answer) = 0;            // once, from any thread
};
using ExchangePointer = std::shared_ptr<HttpExchange>;
// Called on an I/O thread: whatever takes long has to go elsewhere. An Error that it throws is answered.
using HttpHandler = std::function<void(const ExchangePointer& exchange)>;

// Asked of a request whose body has not come yet: calls `verdict` once, from any thread: with nothing when the body is
// to be read, else with what refuses it.
using HeadJudge =
    std::function<void(const ExchangePointer& head, std::function<void(std::optional<HttpAnswer> refusal)> verdict)>;

struct GrpcHandler;

class Front {
 public:
  explicit Front(FrontOptions options = {});
  ~Front();
  Front(const Front&) = delete;
  // Answers from now on; gives the port. Error{conflict} when it is taken. The handler must outlive the front.
  int listen(const std::string& address, int port, HttpHandler handler, const std::optional<TlsFiles>& tls = {},
             HeadJudge judge = {});
  int listen_grpc(const std::string& address, int port, GrpcHandler handler, const std::optional<TlsFiles>& tls = {});
  // Before listen(): each answered request is told while `wanted`, on an I/O thread.
  void tell(const std::atomic<bool>& wanted, std::function<void(const AnsweredRequest& answered)> log);
  // No new connections; what runs is answered; after `patience` seconds connections are cut.
  void stop(double patience = 10);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

HttpAnswer http_error(int status, std::string_view text);  // {"error": text}

}  // namespace gyre
