#include "data/labels.hpp"

#include <stdexcept>

#include "base/error.hpp"
#include "tests/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gyre::Labels labels = gyre::parse_labels(bytes, "input");
    if (gyre::parse_labels(gyre::to_text(labels), "again").of != labels.of)
      throw std::logic_error("labels that do not come back");
  } catch (const gyre::Error&) {  // said in words: what shall happen
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  std::string digest = "sha256:" + std::string(64, 'a');
  return {"{\"classes\":[\"dented\",\"good\"],\"labels\":{\"" + digest +
          "\":{\"label\":\"good\",\"by\":\"folder\"}},\"version\":1}"};
}
