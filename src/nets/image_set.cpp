#include "nets/image_set.hpp"

#include <ATen/Parallel.h>

#include "base/file.hpp"
#include "media/image.hpp"

namespace gyre {

namespace {

constexpr int largest_own_size = 224;

Image read_image(const Dataset& dataset, const Sample& sample) {
  fs::path file = dataset.file(sample);
  return decode_image(read_file(file), sample.path.string());
}

}  // namespace

PictureSize fitting_size(const Dataset& dataset) {
  // The first ones tell: a set of mixed sizes shows it early, and only that decides.
  PictureSize size;
  std::size_t looked_at = std::min<std::size_t>(dataset.samples.size(), 50);
  for (std::size_t i = 0; i < looked_at; i++) {
    Image image = read_image(dataset, dataset.samples[i * dataset.samples.size() / looked_at]);
    if (i == 0) size = {image.width, image.height};
    bool alike = image.width == size.width && image.height == size.height;
    if (!alike || image.width > largest_own_size || image.height > largest_own_size)
      return {largest_own_size, largest_own_size};
  }
  return {std::max(size.width, 32), std::max(size.height, 32)};
}

torch::Tensor resized(const torch::Tensor& rows, PictureSize size) {
  torch::Tensor picture = rows.permute({2, 0, 1}).unsqueeze(0).to(torch::kFloat);
  if (rows.size(0) == size.height && rows.size(1) == size.width) return picture;
  return torch::upsample_bilinear2d(picture.contiguous(), {size.height, size.width}, /*align_corners=*/false);
}

torch::Tensor load_pictures(const Dataset& dataset, PictureSize size) {
  auto count = static_cast<std::int64_t>(dataset.samples.size());
  torch::Tensor pictures = torch::empty({count, 3, size.height, size.width}, torch::kByte);
  at::parallel_for(0, count, 16, [&](std::int64_t begin, std::int64_t end) {
    torch::NoGradGuard no_gradients;
    for (std::int64_t i = begin; i < end; i++) {
      Image image = read_image(dataset, dataset.samples[static_cast<std::size_t>(i)]);
      torch::Tensor rows = torch::from_blob(image.pixels.data(), {image.height, image.width, 3}, torch::kByte);
      pictures[i].copy_(resized(rows, size)[0].round());
    }
  });
  return pictures;
}

torch::Tensor load_classes(const Dataset& dataset) {
  std::vector<std::int64_t> classes;
  for (auto& sample : dataset.samples) classes.push_back(static_cast<std::int64_t>(dataset.class_of(sample)));
  return torch::tensor(classes);
}

}  // namespace gyre
