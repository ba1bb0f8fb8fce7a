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

TEST_CASE("grpc: what is no HTTP/2 is told so and closed; half-opened connections end") {
  Front front({.threads = 1, .header_seconds = 0.3, .piece_seconds = 0.3});
  SharedMemory shared_memory;
  Repository repository([](const std::string&) { return std::nullopt; }, [] { return std::vector<std::string>{}; });
  Worker worker, decoders;
  Endpoints endpoints{{}};
  Service service{repository, shared_memory, worker, decoders, endpoints};
  int port = front.listen_grpc("127.0.0.1", 0, grpc_handler(service));
  for (std::string_view start :
       {"GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff", "PRI * HT"}) {
    RawClient client(port);
    client.send(start).receive_all();
    CHECK(client.closed);
  }
  front.stop(0);
}

}  // namespace gyre::testing
