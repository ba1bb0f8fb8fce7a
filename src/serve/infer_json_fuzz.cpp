#include <cstdlib>

#include "serve/http1.hpp"
#include "serve/infer_json.hpp"
#include "serve/shared_memory.hpp"
#include "tests/fuzz.hpp"

// Any bytes as a request: tensors of the sizes that were said, or an Error. The first byte says how much of the end is
// binary.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  std::size_t binary = std::min<std::size_t>(data[0] % 32, size - 1);
  bytes.remove_prefix(1);
  gyre::SharedMemory shared;
  gyre::InferRequest request;
  try {
    gyre::read_infer(bytes.substr(0, bytes.size() - binary), bytes.substr(bytes.size() - binary), shared, request);
    for (auto& input : request.inputs) {
      auto count = static_cast<std::size_t>(gyre::count_of(input.shape));
      bool text = input.type == gyre::DataType::text;
      if ((text ? input.texts.size() : input.bytes.size()) != (text ? count : count * gyre::size_of(input.type)))
        std::abort();
    }
  } catch (const gyre::Error&) {
  }
  try {
    gyre::HttpHead head;
    if (auto end = bytes.find("\r\n\r\n"); end != std::string_view::npos)
      gyre::parse_head(bytes.substr(0, end + 4), head);
    gyre::Unchunker unchunker(1 << 16);
    unchunker.take(bytes);
    if (unchunker.body.size() > (1 << 16)) std::abort();
  } catch (const gyre::Error&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::string json = R"({"id":"a\u00e9","parameters":{"binary_data_output":true,"priority":1},"inputs":[{"name":"x",)"
                     R"("shape":[1,3],"datatype":"FP32","data":[[1,-2.5e3,NaN]]},{"data":["a","b"],"name":"t",)"
                     R"("shape":[2],"datatype":"BYTES"}],"outputs":[{"name":"y","parameters":{"classification":2}}]})";
  std::string tensor =
      R"({"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":10}}]})";
  return {std::string(1, '\0') + json, std::string(1, '\n') + tensor + std::string("\1\0\0\0a\1\0\0\0b", 10),
          "0POST /v2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "05\r\nabcde\r\n0\r\n\r\n"};
}
