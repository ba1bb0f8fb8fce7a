#include "base/compress.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "model/signature.hpp"
#include "tests/fuzz.hpp"

// Any bytes as base64, as compressed bytes, and as what is inside: golden answers or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  for (auto& text : {bytes, gyre::base64(bytes), gyre::base64(gyre::deflate_bytes("GYG1" + bytes))}) {
    try {
      gyre::unpack_golden(text);
    } catch (const gyre::Error&) {
    }
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  gyre::Tensor tensor = gyre::Tensor::zeros(gyre::DataType::f32, {1, 3});
  return {gyre::pack_golden({{{tensor}, {tensor}}}), "GYG1"};
}
