#include "media/image.hpp"

#include "base/error.hpp"
#include "tests/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    gyre::decode_image(bytes, "input");
  } catch (const gyre::Error&) {  // said in words: what shall happen
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  gyre::Image image{24, 17, {}};
  for (int i = 0; i < 24 * 17 * 3; i++) image.pixels.push_back(static_cast<std::uint8_t>(i * i / 7));
  return {gyre::encode_jpeg(image), gyre::encode_jpeg(image, 10), gyre::encode_png(image)};
}
