#include <png.h>

#include "base/error.hpp"
#include "media/formats.hpp"

namespace gyre {

namespace {

// libpng's simplified interface keeps its errors in the struct; it must be freed when reading stops early.
struct PngImage : png_image {
  PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(this); }
  PngImage(const PngImage&) = delete;
};

Error broken(std::string_view where, const png_image& image) {
  return {Code::invalid, std::string(where) + ": broken PNG: " + image.message,
          "the file is damaged or was cut off; copy it again or leave it out"};
}

}  // namespace

Image decode_png(std::string_view bytes, std::string_view where) {
  PngImage reader;
  if (!png_image_begin_read_from_memory(&reader, bytes.data(), bytes.size())) throw broken(where, reader);
  check_size(reader.width, reader.height, where);
  reader.format = PNG_FORMAT_RGBA;  // asked for RGB, libpng would blend alpha with a background
  std::size_t count = std::size_t(reader.width) * reader.height;
  std::vector<std::uint8_t> with_alpha(count * 4);
  if (!png_image_finish_read(&reader, nullptr, with_alpha.data(), 0, nullptr)) throw broken(where, reader);
  Image image{static_cast<int>(reader.width), static_cast<int>(reader.height), std::vector<std::uint8_t>(count * 3)};
  for (std::size_t i = 0; i < count; i++)
    for (std::size_t c = 0; c < 3; c++) image.pixels[i * 3 + c] = with_alpha[i * 4 + c];
  return image;
}

std::string encode_png(const Image& image) {
  PngImage writer;
  writer.width = static_cast<png_uint_32>(image.width);
  writer.height = static_cast<png_uint_32>(image.height);
  writer.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  if (!png_image_write_to_memory(&writer, nullptr, &size, 0, image.pixels.data(), 0, nullptr))
    throw Error(Code::internal, "a picture could not be written as PNG: " + std::string(writer.message));
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&writer, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr))
    throw Error(Code::internal, "a picture could not be written as PNG: " + std::string(writer.message));
  bytes.resize(size);
  return bytes;
}

}  // namespace gyre
