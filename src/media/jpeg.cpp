#include <turbojpeg.h>

#include <memory>

#include "base/error.hpp"
#include "media/formats.hpp"

namespace gyre {

namespace {

struct CloseJpeg {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using JpegHandle = std::unique_ptr<void, CloseJpeg>;

JpegHandle opened(tjhandle handle) {
  if (!handle) throw Error(Code::internal, "libjpeg-turbo does not start: " + std::string(tjGetErrorStr2(nullptr)));
  return JpegHandle(handle);
}

Error broken(std::string_view where, tjhandle handle) {
  return {Code::invalid, std::string(where) + ": broken JPEG: " + tjGetErrorStr2(handle),
          "the file is damaged or was cut off; copy it again or leave it out"};
}

}  // namespace

Image decode_jpeg(std::string_view bytes, std::string_view where) {
  auto handle = opened(tjInitDecompress());
  auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(handle.get(), data, bytes.size(), &width, &height, &subsampling, &colours) != 0)
    throw broken(where, handle.get());
  check_size(width, height, where);
  if (colours == TJCS_CMYK || colours == TJCS_YCCK)
    throw Error(Code::unsupported, std::string(where) + ": a JPEG in print colours (CMYK)", "save it as RGB");
  Image image{width, height, std::vector<std::uint8_t>(std::size_t(width) * std::size_t(height) * 3)};
  // libjpeg only warns of missing or damaged data and fills the rest with grey: here a warning is an error. The number
  // of scans is bounded, because a small progressive file can ask for hours of work.
  int flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT;
  if (tjDecompress2(handle.get(), data, bytes.size(), image.pixels.data(), width, 0, height, TJPF_RGB, flags) != 0)
    throw broken(where, handle.get());
  return upright(std::move(image), exif_orientation(bytes));
}

std::string encode_jpeg(const Image& image, int quality) {
  auto handle = opened(tjInitCompress());
  unsigned long size = tjBufSize(image.width, image.height, TJSAMP_420);
  std::string bytes(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  if (tjCompress2(handle.get(), image.pixels.data(), image.width, 0, image.height, TJPF_RGB, &out, &size, TJSAMP_420,
                  quality, TJFLAG_ACCURATEDCT | TJFLAG_NOREALLOC) != 0)
    throw Error(Code::internal, "a picture could not be written as JPEG: " + std::string(tjGetErrorStr2(handle.get())));
  bytes.resize(size);
  return bytes;
}

}  // namespace gyre
