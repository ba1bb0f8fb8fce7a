#include "serve/grpc_infer.hpp"

#include <cstdlib>

#include "serve/proto_wire.hpp"
#include "serve/shared_memory.hpp"
#include "tests/fuzz.hpp"

// Any bytes as a ModelInferRequest: tensors inside the message, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gyre::SharedMemory shared;
  gyre::InferRequest request;
  try {
    gyre::read_grpc_infer({reinterpret_cast<const char*>(data), size}, shared, request);
    for (auto& input : request.inputs)
      if (input.owned.empty() && !input.bytes.empty() &&
          (reinterpret_cast<const std::uint8_t*>(input.bytes.data()) < data ||
           reinterpret_cast<const std::uint8_t*>(input.bytes.data()) + input.bytes.size() > data + size))
        std::abort();
  } catch (const gyre::Error&) {
  }
  return 0;
}

static std::string request(bool raw) {
  std::string message;
  gyre::ProtoWriter writer(message);
  writer.text(1, "model");
  writer.text(3, "id");
  writer.message(4, [](gyre::ProtoWriter& entry) {
    entry.text(1, "priority");
    entry.message(2, [](gyre::ProtoWriter& value) { value.number(2, 1); });
  });
  writer.message(5, [&](gyre::ProtoWriter& input) {
    input.text(1, "x");
    input.text(2, raw ? "FP32" : "INT64");
    input.packed(3, std::vector<std::int64_t>{1, 2});
    if (!raw)
      input.message(5, [](gyre::ProtoWriter& contents) { contents.packed(3, std::vector<std::int64_t>{7, -7}); });
  });
  if (raw) writer.bytes(7, "abcdefgh");
  return message;
}

std::vector<std::string> fuzz_seeds() { return {request(true), request(false)}; }
