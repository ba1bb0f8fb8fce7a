#include "base/error.hpp"
#include "base/gzip.hpp"
#include "tests/fuzz.hpp"

#include <cstdlib>

// Any bytes: at most what was allowed, or an Error; and what is packed comes back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    if (gyre::gunzip(bytes, 1 << 16, "fuzz").size() > (1 << 16)) std::abort();
  } catch (const gyre::Error&) {
  }
  if (gyre::gunzip(gyre::gzip(bytes, 1), size, "fuzz") != bytes) std::abort();
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {gyre::gzip("text text text"), gyre::gzip(std::string(1 << 17, '\0')), gyre::gzip("a") + gyre::gzip("b")};
}
