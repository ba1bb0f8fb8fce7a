#include "media/formats.hpp"

namespace gyre {

namespace {

// Bytes of a file by offset; nothing is read beyond the end.
struct Reader {
  std::string_view bytes;
  bool little = false;
  std::uint32_t at(std::size_t offset, std::size_t count) const {
    if (offset > bytes.size() || bytes.size() - offset < count) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; i++)
      value = value << 8 | static_cast<std::uint8_t>(bytes[offset + (little ? count - 1 - i : i)]);
    return value;
  }
};

int orientation_in_tiff(std::string_view tiff) {
  Reader reader{tiff, tiff.starts_with("II")};
  std::size_t folder = reader.at(4, 4);
  for (std::size_t i = 0, entries = reader.at(folder, 2); i < entries; i++) {
    std::size_t entry = folder + 2 + i * 12;
    if (reader.at(entry, 2) != 0x0112) continue;
    auto value = static_cast<int>(reader.at(entry + 8, 2));
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(std::string_view jpeg) {
  constexpr std::string_view exif{"Exif\0\0", 6};
  Reader reader{jpeg};
  std::size_t offset = 2;  // after the start marker
  while (reader.at(offset, 1) == 0xff) {
    std::uint32_t marker = reader.at(offset + 1, 1), length = reader.at(offset + 2, 2);
    if (marker == 0xda || length < 2) break;  // pixels begin: no EXIF after them
    if (marker == 0xe1 && jpeg.substr(offset + 4).starts_with(exif) && length > 8)
      return orientation_in_tiff(jpeg.substr(offset + 10, length - 8));
    offset += 2 + length;
  }
  return 1;
}

Image upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  bool turned = orientation >= 5;  // rows become columns
  Image result{turned ? image.height : image.width, turned ? image.width : image.height, {}};
  result.pixels.resize(image.pixels.size());
  for (int y = 0; y < result.height; y++)
    for (int x = 0; x < result.width; x++) {
      int from_x = turned ? y : x, from_y = turned ? x : y;
      bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
      bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
      if (flip_x) from_x = image.width - 1 - from_x;
      if (flip_y) from_y = image.height - 1 - from_y;
      auto* from = &image.pixels[(std::size_t(from_y) * std::size_t(image.width) + std::size_t(from_x)) * 3];
      auto* to = &result.pixels[(std::size_t(y) * std::size_t(result.width) + std::size_t(x)) * 3];
      to[0] = from[0], to[1] = from[1], to[2] = from[2];
    }
  return result;
}

}  // namespace gyre
