// A small mutating driver for a fuzz entry point, where the compiler brings none: fuzz-NAME [--seconds S] [--seed N]
// [FILE...]. Files are run as they are, to look at a crash again. Everything is drawn from the seed.
#include "fuzz.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/random.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace {

std::string current;     // what is being run, for the one that crashes
std::string crash_file;  // beside the program

void keep_crash() {
  if (std::FILE* file = std::fopen(crash_file.c_str(), "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
    std::fprintf(stderr, "the input is kept in %s\n", crash_file.c_str());
  }
}

void run(const std::string& input) {
  current = input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

std::string mutated(const std::vector<std::string>& seeds, gyre::Random& random) {
  std::string input = seeds[random.below(seeds.size())];
  for (std::uint64_t times = 1 + random.below(8); times > 0; times--) {
    std::size_t at = random.below(input.size() + 1), count = 1 + random.below(16);
    char byte = static_cast<char>(random.bits());
    switch (random.below(8)) {
      case 0:
        input.resize(at);
        break;
      case 1:
        input.insert(at, count, byte);
        break;
      case 2:
        input.erase(at, count);
        break;
      case 3:
        input.insert(at, input.substr(random.below(input.size() + 1), count));
        break;
      case 4: {
        auto& other = seeds[random.below(seeds.size())];
        std::size_t from = random.below(other.size() + 1);
        input = input.substr(0, at) + other.substr(from);
        break;
      }
      case 5:  // a number at its limit
        for (std::size_t i = at; i < std::min(input.size(), at + 4); i++) input[i] = random.chance(0.5) ? '\xff' : '\0';
        break;
      case 6:
        if (at < input.size()) input[at] = byte;
        break;
      default:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  crash_file = std::string(argv[0]) + ".crash";
  double seconds = 3;
  std::uint64_t seed = 1;
  std::vector<std::string> files;
  for (int i = 1; i < argc; i++) {
    if (!std::strcmp(argv[i], "--seconds") && i + 1 < argc)
      seconds = std::atof(argv[++i]);
    else if (!std::strcmp(argv[i], "--seed") && i + 1 < argc)
      seed = std::strtoull(argv[++i], nullptr, 10);
    else
      files.emplace_back(argv[i]);
  }
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(keep_crash);
#endif
  std::set_terminate([] {
    keep_crash();
    std::abort();
  });
  for (auto& file : files) run(gyre::read_file(file));
  if (!files.empty()) return 0;
  auto seeds = fuzz_seeds();
  for (auto& input : seeds) run(input);
  gyre::Random random(seed);
  std::size_t count = 0;
  for (double start = gyre::seconds_since_start(); gyre::seconds_since_start() - start < seconds; count++)
    run(mutated(seeds, random));
  std::printf("%s: %zu inputs, seed %llu\n", gyre::fs::path(argv[0]).filename().c_str(), count,
              static_cast<unsigned long long>(seed));
}
