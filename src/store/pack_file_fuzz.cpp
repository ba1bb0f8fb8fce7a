#include "base/hash.hpp"
#include "store/pack_file.hpp"
#include "tests/fuzz.hpp"

// Any bytes as a pack: what it claims to hold lies inside of it, or is refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static gyre::TemporaryFolder folder;
  gyre::fs::path file = folder.path() / "pack";
  gyre::write_output(file, {reinterpret_cast<const char*>(data), size});
  try {
    gyre::PackReader pack(file);
    pack.read(gyre::digest_of("one"));
  } catch (const gyre::Error&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  gyre::TemporaryFolder folder;
  gyre::PackWriter pack(folder.path() / "pack");
  pack.add("one");
  pack.add("two");
  pack.finish();
  return {gyre::read_file(folder.path() / "pack")};
}
