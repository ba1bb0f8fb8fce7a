#include "server/awake.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

namespace gyre {

static bool held() {
  namespace fs = std::filesystem;
  for (auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // that of the directory itself
    if (fs::read_symlink(entry.path(), gone) == "/dev/cpu_dma_latency") return true;
  }
  return false;
}

static bool becomes(bool wanted) {
  for (int i = 0; i < 200 && held() != wanted; i++) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return held() == wanted;
}

TEST_CASE("cores are kept awake while questions follow each other, and only then") {
  if (::access("/dev/cpu_dma_latency", W_OK) != 0) {
    MESSAGE("skipped: /dev/cpu_dma_latency may not be written");
    return;
  }
  Awake awake(true);
  awake.asked();
  CHECK(!held());  // one question is no conversation
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 3; i++) awake.asked();
    CHECK(held());
    CHECK(becomes(false));
  }
  Awake unwanted(false);
  for (int i = 0; i < 3; i++) unwanted.asked();
  CHECK(!held());
}

}  // namespace gyre
