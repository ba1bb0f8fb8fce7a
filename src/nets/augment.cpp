#include "nets/augment.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace gyre {

torch::Tensor centred(const torch::Tensor& pictures) { return (pictures.to(torch::kFloat) - centre) / spread; }

torch::Tensor augmented(const torch::Tensor& pictures, const Augmentation& how, BatchChance& chance) {
  Random& random = chance.random;
  std::int64_t n = pictures.size(0), height = pictures.size(2), width = pictures.size(3);
  std::vector<float> places, gains, offsets, soft, grain;
  for (std::int64_t i = 0; i < n; i++) {
    double angle = random.uniform(-how.rotate, how.rotate) * M_PI / 180,
           scale = std::exp(random.uniform(-how.scale, how.scale));
    double mirror = how.flip && random.chance(0.5) ? -1 : 1,
           aspect = static_cast<double>(height) / static_cast<double>(width);
    double cosine = std::cos(angle) / scale, sine = std::sin(angle) / scale;
    for (double value : {mirror * cosine, -sine * aspect * mirror, random.uniform(-how.shift, how.shift) * 2,
                         sine / aspect, cosine, random.uniform(-how.shift, how.shift) * 2})
      places.push_back(static_cast<float>(value));
    double contrast = std::exp(random.uniform(-how.light, how.light)), light = random.uniform(-how.light, how.light);
    for (int channel = 0; channel < 3; channel++)
      gains.push_back(static_cast<float>(contrast * std::exp(random.uniform(-how.colour, how.colour))));
    offsets.push_back(static_cast<float>(light));
    soft.push_back(static_cast<float>(random.chance(how.blur) ? random.uniform(0.2, 1) : 0));
    grain.push_back(static_cast<float>(random.uniform(0, how.noise) / spread));
  }
  torch::Tensor value = centred(pictures);
  torch::Tensor grid =
      torch::affine_grid_generator(torch::tensor(places).view({n, 2, 3}), {n, 3, height, width}, false);
  value = torch::grid_sampler(value, grid, 0 /* bilinear */, 2 /* reflection */, false);
  torch::Tensor share = torch::tensor(soft);
  torch::Tensor chosen = share.nonzero().flatten();
  if (chosen.numel() > 0) {
    torch::Tensor sharp = value.index_select(0, chosen);
    torch::Tensor blurred = torch::avg_pool2d(sharp, 3, 1, 1, false, /*count_include_pad=*/false);
    value.index_copy_(0, chosen, torch::lerp(sharp, blurred, share.index_select(0, chosen).view({-1, 1, 1, 1})));
  }
  value.mul_(torch::tensor(gains).view({n, 3, 1, 1})).add_(torch::tensor(offsets).view({n, 1, 1, 1}) * 2);
  if (how.noise > 0) value.addcmul_(torch::randn(value.sizes(), chance.torch), torch::tensor(grain).view({n, 1, 1, 1}));
  return value.clamp_(-centre / spread, centre / spread);
}

bool may_flip(const std::vector<std::string>& labels) {
  for (auto label : labels) {
    std::transform(label.begin(), label.end(), label.begin(), [](unsigned char c) { return std::tolower(c); });
    for (auto* word : {"left", "right", "clockwise", "mirror"})
      if (label.find(word) != std::string::npos) return false;
  }
  return true;
}

}  // namespace gyre
