#include "base/tar.hpp"
#include "tests/fuzz.hpp"

#include <cstdlib>

// Any bytes: entries that lie inside the archive's root, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t announced = 0, seen = 0;
  auto entry = [&](const gyre::TarEntry& one) {
    if (one.path.empty() || one.path.front() == '/' || ("/" + one.path + "/").find("/../") != std::string::npos)
      std::abort();
    if (!one.target.empty() && one.target.front() == '/') std::abort();
    announced += one.size;
  };
  try {
    gyre::TarReader reader(entry, [&](std::string_view part) { seen += part.size(); }, "fuzz", {.bytes = 1 << 20});
    reader.add({reinterpret_cast<const char*>(data), size});
    reader.finish();
    if (announced != seen) std::abort();
  } catch (const gyre::Error&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  gyre::TarWriter tar;
  tar.bytes("a/file", std::string(700, 'x'), true);
  tar.folder("tmp", 01777);
  tar.link("b/link", "../a/file");
  return {tar.text()};
}
