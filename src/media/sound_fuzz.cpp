#include "media/sound.hpp"

#include "base/error.hpp"
#include "tests/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gyre::resample(gyre::decode_sound(bytes, "input"), 16000);
  } catch (const gyre::Error&) {  // said in words: what shall happen
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  gyre::Sound sound{8000, {}};
  for (int i = 0; i < 700; i++) sound.samples.push_back(static_cast<float>(i % 50) / 50 - 0.5f);
  return {gyre::encode_wav(sound)};
}
