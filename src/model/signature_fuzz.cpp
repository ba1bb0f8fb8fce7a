#include "base/error.hpp"
#include "model/signature.hpp"
#include "tests/fuzz.hpp"

// Any bytes: a signature or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    auto value = gyre::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    gyre::to_json(gyre::signature_from(value));
  } catch (const gyre::Error&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  gyre::Signature signature;
  signature.takes = "image", signature.task = "classify", signature.labels = {"dented", "good"};
  return {gyre::canonical(gyre::to_json(signature))};
}
