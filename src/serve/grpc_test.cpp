#include <cstring>

#include "serve/grpc_call.hpp"
#include "serve/grpc_infer.hpp"
#include "serve/proto_wire.hpp"
#include "serve/testing.hpp"
#include "server/testing.hpp"

namespace gyre::testing {

static std::string message(std::string_view model, std::string_view raw, std::vector<std::int64_t> shape = {1, 3}) {
  std::string text;
  ProtoWriter writer(text);
  writer.text(1, model);
  writer.message(5, [&](ProtoWriter& input) {
    input.text(1, "x");
    input.text(2, "FP32");
    input.packed(3, shape);
  });
  writer.bytes(7, raw);
  return text;
}

TEST_CASE("grpc: a request is read where it lies") {
  float values[] = {1, 2, 3};
  std::string_view raw(reinterpret_cast<const char*>(values), sizeof values);
  SharedMemory shared;
  for (std::size_t shift = 0; shift < 4; shift++) {  // aligned and not
    std::string text = std::string(shift, ' ') + message("m", raw);
    InferRequest request;
    read_grpc_infer(std::string_view(text).substr(shift), shared, request);
    REQUIRE(request.inputs.size() == 1);
    CHECK(reinterpret_cast<std::uintptr_t>(request.inputs[0].bytes.data()) % 4 == 0);
    CHECK(std::memcmp(request.inputs[0].bytes.data(), values, sizeof values) == 0);
  }
  InferRequest request;
  CHECK_THROWS_AS(read_grpc_infer(message("m", raw.substr(1)), shared, request), Error);
  CHECK_THROWS_AS(read_grpc_infer("\xff\xff", shared, request), Error);
  CHECK_THROWS_AS(read_grpc_infer(message("m", raw, {std::int64_t{1} << 40, std::int64_t{1} << 40}), shared, request),
                  Error);
}

// For tests that stand on a server without models.
struct GrpcSite {
  Front front{{.threads = 1, .header_seconds = 0.3, .piece_seconds = 0.3}};
  SharedMemory shared_memory;
  Repository repository{[](const std::string&) { return std::nullopt; }, [] { return std::vector<std::string>{}; }};
  Worker worker, decoders;
  Endpoints endpoints{{}};
  Service service{repository, shared_memory, worker, decoders, endpoints};
  int port = front.listen_grpc("127.0.0.1", 0, grpc_handler(service));
  ~GrpcSite() { front.stop(0); }
};

constexpr char data_type = 0, headers_type = 1, settings_type = 4, ping_type = 6;
constexpr char end_stream = 1, end_headers = 4;

static std::string frame(char type, char flags, char stream, std::string_view content) {
  auto size = static_cast<char>(content.size());
  return std::string{0, 0, size, type, flags, 0, 0, 0, stream}.append(content);
}

static std::string header(std::string_view name, std::string_view value) {
  std::string text{0};
  for (auto part : {name, value}) text.append(1, static_cast<char>(part.size())).append(part);
  return text;
}

static std::size_t frames(std::string_view bytes, char type) {
  std::size_t count = 0, size = 0;
  for (std::size_t at = 0; at + 9 <= bytes.size(); at += 9 + size) {
    size = 0;
    for (std::size_t i = 0; i < 3; i++) size = size << 8 | static_cast<unsigned char>(bytes[at + i]);
    count += bytes[at + 3] == type;
  }
  return count;
}

TEST_CASE("grpc: who is refused while it still sends hears it when it has sent all") {
  GrpcSite site;
  RawClient client(site.port);
  std::string head = header(":method", "POST") + header(":scheme", "http") + header(":path", "/any/method") +
                     header(":authority", "gyre") + header("content-type", "application/grpc");
  std::string packed_in_no_way("\1\0\0\0\1x", 6);
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings_type, 0, 0, "") +
              frame(headers_type, end_headers, 1, head) + frame(data_type, 0, 1, packed_in_no_way) +
              frame(ping_type, 0, 0, "still on"));
  CHECK(frames(client.receive_until("still on"), headers_type) == 0);
  client.send(frame(data_type, end_stream, 1, "") + frame(ping_type, 0, 0, "all sent"));
  client.receive_until("all sent");
  client.send(frame(ping_type, 0, 0, "and more"));
  CHECK(frames(client.receive_until("and more"), headers_type) == 2);  // the head and the end
}

TEST_CASE("grpc: what is no HTTP/2 is told so and closed; half-opened connections end") {
  GrpcSite site;
  for (std::string_view start :
       {"GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff", "PRI * HT"}) {
    RawClient client(site.port);
    client.send(start).receive_all();
    CHECK(client.closed);
  }
}

}  // namespace gyre::testing
