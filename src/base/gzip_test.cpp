#include "base/gzip.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "base/random.hpp"

using namespace gyre;

namespace {

std::string mixed_bytes(std::size_t size) {  // half of it compresses
  Random random(7);
  std::string out;
  while (out.size() < size) out += random.chance(0.5) ? std::string(100, 'a') : std::string(1, char(random.below(256)));
  return out;
}

}  // namespace

TEST_CASE("what was packed comes back, whatever the pieces") {
  for (std::size_t size : {0u, 1u, 65535u, 65536u, 300000u}) {
    std::string text = mixed_bytes(size), packed = gzip(text);
    CHECK(gunzip(packed, text.size(), "x") == text);
    for (std::size_t step : {1u, 7u, 4096u}) {
      std::string out;
      Gunzip stream([&](std::string_view part) { out += part; }, text.size(), "x");
      for (std::size_t i = 0; i < packed.size(); i += step) stream.add(std::string_view(packed).substr(i, step));
      stream.finish();
      CHECK(out == text);
    }
  }
}

TEST_CASE("the same content is packed to the same bytes, which the gzip program reads") {
  std::string text = mixed_bytes(200000), packed = gzip(text);
  CHECK(gzip(text) == packed);
  CHECK(packed.substr(4, 4) == std::string(4, '\0'));  // no time
  TemporaryFolder folder;
  write_file(folder.path() / "x.gz", packed);
  CHECK(run_program({"gzip", "-d", (folder.path() / "x.gz").string()}).code == 0);
  CHECK(read_file(folder.path() / "x") == text);
}

TEST_CASE("joined gzip files are one") { CHECK(gunzip(gzip("a") + gzip("") + gzip("b"), 2, "x") == "ab"); }

TEST_CASE("bombs, damage and cuts are refused") {
  std::string bomb = gzip(std::string(10 << 20, '\0'));
  REQUIRE(bomb.size() < 20000);
  CHECK_THROWS_WITH_AS(gunzip(bomb, 1 << 20, "layer"), "layer: unpacks to more than is allowed", Error);
  std::string packed = gzip(mixed_bytes(1000));
  CHECK_THROWS_WITH_AS(gunzip(packed.substr(0, packed.size() - 1), 1000000, "layer"), "layer: cut off before its end",
                       Error);
  CHECK_THROWS_AS(gunzip("", 10, "layer"), Error);
  CHECK_THROWS_AS(gunzip("plain text", 100, "layer"), Error);
  CHECK_THROWS_AS(gunzip(packed + "rubbish", 1000000, "layer"), Error);
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);  // its checksum
  CHECK_THROWS_AS(gunzip(packed, 1000000, "layer"), Error);
}
