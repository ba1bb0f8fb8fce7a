#include "media/series.hpp"

#include <stdexcept>

#include "base/error.hpp"
#include "tests/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gyre::Series series = gyre::decode_series(bytes, "input");
    if (gyre::encode_series(gyre::decode_series(gyre::encode_series(series), "again")) != gyre::encode_series(series))
      throw std::logic_error("a series that does not come back");
  } catch (const gyre::Error&) {  // said in words: what shall happen
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"time,temp,flow\n0,20.5,\n0.1,nan,-3e-7\n", "\"a\",b\r\n1,2\r\n\r\n", "one\n1\n\n2"};
}
