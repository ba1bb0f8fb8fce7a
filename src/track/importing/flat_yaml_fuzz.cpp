#include "track/importing/flat_yaml.hpp"

#include <stdexcept>

#include "tests/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (auto& [name, value] : gyre::parse_flat_yaml({reinterpret_cast<const char*>(data), size}))
    if (value.size() > size) throw std::logic_error("a text grew: " + name);
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  return {"name: 'it''s'\nend_time: null\n", "description: \"a\\nb\"\nlong: one\n  two\n", "tags: {}\n- x\n#c\n"};
}
