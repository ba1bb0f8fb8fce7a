#pragma once
// Pictures in memory and their files. Decoding is the same everywhere (trainer, server, device): same bytes, same
// pixels.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;  // RGB, rows from the top, 3 bytes a pixel
};

bool is_image(std::string_view bytes);  // by its first bytes: JPEG or PNG
// JPEG or PNG by their first bytes. Error{invalid} names `where` and what is wrong (truncated, no image, too large).
// Grey pictures become RGB, alpha is dropped.
Image decode_image(std::string_view bytes, std::string_view where);
std::string encode_jpeg(const Image& image, int quality = 90);
std::string encode_png(const Image& image);
Image resize(const Image& image, int width, int height);  // bilinear, antialiased when shrinking

}  // namespace gyre
