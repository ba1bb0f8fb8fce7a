#include "base/error.hpp"
#include "model/graph.hpp"
#include "model/quantise.hpp"

// Any bytes as an ONNX file, for what reads them beside ONNX Runtime.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gyre::with_metadata(bytes, {{"key", "value"}});
    gyre::Quantiser quantiser(bytes);
  } catch (const gyre::Error&) {
  }
  return 0;
}
