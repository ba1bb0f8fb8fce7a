#include "data/csv_line.hpp"

#include <stdexcept>

#include "base/error.hpp"
#include "tests/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    if (gyre::csv_cells(bytes).empty()) throw std::logic_error("a line without a cell");
  } catch (const gyre::Error&) {  // said in words: what shall happen
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() { return {"a,\"b,c\",\"d\"\"e\",", "1;2,5", "\"\"\"\""}; }
