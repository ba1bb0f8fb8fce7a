#pragma once
// The parts that image.cpp is put together from: one decoder for each file format.
#include "media/image.hpp"

namespace gyre {

inline constexpr std::int64_t most_pixels = 100'000'000;  // a picture beyond it is refused, not decoded
void check_size(std::int64_t width, std::int64_t height, std::string_view where);

Image decode_jpeg(std::string_view bytes, std::string_view where);
Image decode_png(std::string_view bytes, std::string_view where);

// What a camera's EXIF block says of how it was held: 1 (upright) to 8; 1 when it says nothing.
int exif_orientation(std::string_view jpeg);
Image upright(Image image, int orientation);

}  // namespace gyre
