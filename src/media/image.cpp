#include "media/image.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "media/formats.hpp"

namespace gyre {

void check_size(std::int64_t width, std::int64_t height, std::string_view where) {
  if (width < 1 || height < 1) throw Error(Code::invalid, std::string(where) + ": a picture without pixels");
  if (width * height > most_pixels)
    throw Error(
        Code::invalid,
        std::string(where) + ": " + std::to_string(width) + " x " + std::to_string(height) + " pixels are too many",
        "at most 100 megapixels are taken; make the picture smaller");
}

static bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8"); }
static bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG"); }
bool is_image(std::string_view bytes) { return is_jpeg(bytes) || is_png(bytes); }

Image decode_image(std::string_view bytes, std::string_view where) {
  if (is_jpeg(bytes)) return decode_jpeg(bytes, where);
  if (is_png(bytes)) return decode_png(bytes, where);
  throw Error(Code::invalid, std::string(where) + (bytes.empty() ? ": an empty file" : ": neither JPEG nor PNG"),
              "pictures are taken as JPEG or PNG");
}

namespace {

// The weights with which source pixels make one target pixel.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Taps> taps_for(int from, int to) {
  std::vector<Taps> all(static_cast<std::size_t>(to));
  double scale = double(from) / to, reach = std::max(scale, 1.0);  // a triangle as wide as what it must cover
  for (int i = 0; i < to; i++) {
    double centre = (i + 0.5) * scale;
    int first = std::max(0, static_cast<int>(std::floor(centre - reach)));
    int last = std::min(from - 1, static_cast<int>(std::ceil(centre + reach)));
    auto& taps = all[static_cast<std::size_t>(i)];
    double sum = 0;
    for (int j = first; j <= last; j++) sum += std::max(0.0, 1 - std::abs(j + 0.5 - centre) / reach);
    taps.first = first;
    for (int j = first; j <= last; j++)
      taps.weights.push_back(static_cast<float>(std::max(0.0, 1 - std::abs(j + 0.5 - centre) / reach) / sum));
  }
  return all;
}

}  // namespace

Image resize(const Image& image, int width, int height) {
  check_size(width, height, "resize");
  if (width == image.width && height == image.height) return image;
  auto columns = taps_for(image.width, width), rows = taps_for(image.height, height);
  auto stride = static_cast<std::size_t>(width) * 3;
  std::vector<float> narrow(stride * static_cast<std::size_t>(image.height));
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); y++)
    for (std::size_t x = 0; x < columns.size(); x++) {
      float sum[3] = {};
      auto* from =
          &image.pixels[(y * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(columns[x].first)) * 3];
      for (float weight : columns[x].weights)
        for (int c = 0; c < 3; c++) sum[c] += weight * *from++;
      std::copy_n(sum, 3, &narrow[y * stride + x * 3]);
    }
  Image result{width, height, std::vector<std::uint8_t>(stride * rows.size())};
  std::vector<float> line(stride);
  for (std::size_t y = 0; y < rows.size(); y++) {
    std::fill(line.begin(), line.end(), 0.0f);
    for (std::size_t j = 0; j < rows[y].weights.size(); j++) {
      auto* from = &narrow[(static_cast<std::size_t>(rows[y].first) + j) * stride];
      for (std::size_t i = 0; i < stride; i++) line[i] += rows[y].weights[j] * from[i];
    }
    for (std::size_t i = 0; i < stride; i++)
      result.pixels[y * stride + i] = static_cast<std::uint8_t>(std::clamp(line[i] + 0.5f, 0.0f, 255.0f));
  }
  return result;
}

}  // namespace gyre
