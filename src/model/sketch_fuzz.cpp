#include "model/sketch.hpp"

#include "base/error.hpp"
#include "tests/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gyre::Sketch sketch = gyre::Sketch::from_json(gyre::parse_json(bytes, "input"));
    gyre::Sketch both = sketch;
    both.merge(sketch);
    gyre::drift(sketch, both).to_json();
  } catch (const gyre::Error&) {  // said in words: what shall happen
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  gyre::Sketch sketch;
  sketch.count = 40, sketch.labels["good"] = 40;
  for (int i = 0; i < 40; i++) sketch.features["brightness"].add(i / 40.0);
  return {gyre::canonical(sketch.to_json())};
}
