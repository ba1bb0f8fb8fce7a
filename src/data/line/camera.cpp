#include "data/line/camera.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "data/line/bottle.hpp"

namespace gyre {

namespace {

using Frame = std::vector<Colour>;  // camera_size x camera_size, rows from the top

float between(Random& random, double low, double high) { return static_cast<float>(random.uniform(low, high)); }

Colour& at(Frame& frame, int x, int y) {
  x = std::clamp(x, 0, camera_size - 1), y = std::clamp(y, 0, camera_size - 1);
  return frame[static_cast<std::size_t>(y * camera_size + x)];
}

// The hall behind the belt: a wall that is lit from one side, pillars and beams out of focus, the belt below.
Frame draw_hall(float belt, Random& random) {
  Frame frame(camera_size * camera_size);
  Colour wall = mix(random_grey(random, 0.45f, 0.8f), random_colour(random, 0.4f, 0.8f), 0.25f);
  Colour belt_colour = random_grey(random, 0.12f, 0.35f);
  float slope_x = between(random, -0.25, 0.25), slope_y = between(random, -0.25, 0.25);
  struct Bar {
    bool upright;
    float at, width, soft;
    Colour colour;
  } bars[3];
  for (auto& bar : bars)
    bar = {random.chance(0.5), between(random, 0, camera_size), between(random, 1, 7), between(random, 1, 5),
           mix(random_grey(random, 0.2f, 0.85f), random_colour(random, 0.2f, 0.9f), 0.35f)};
  for (int y = 0; y < camera_size; y++)
    for (int x = 0; x < camera_size; x++) {
      auto fx = static_cast<float>(x), fy = static_cast<float>(y);
      Colour colour = wall * (1 + slope_x * (fx / camera_size - 0.5f) + slope_y * (fy / camera_size - 0.5f));
      for (auto& bar : bars) {
        float distance = std::abs((bar.upright ? fx : fy) - bar.at) - bar.width;
        colour = mix(colour, bar.colour, 0.45f * std::clamp(0.5f - distance / (2 * bar.soft), 0.0f, 1.0f));
      }
      colour = mix(colour, belt_colour, std::clamp(fy - belt, 0.0f, 1.0f));
      at(frame, x, y) = colour;
    }
  return frame;
}

struct Stand {  // where a bottle stands in the frame
  float x, top, height, tilt;
};

void draw_bottle(Frame& frame, const BottleShape& bottle, const Stand& stand) {
  float cosine = std::cos(stand.tilt), sine = std::sin(stand.tilt), edge = 1 / stand.height;
  auto reach = static_cast<int>(stand.height * 0.24f + std::abs(sine) * stand.height) + 1;
  int left = std::max(0, static_cast<int>(stand.x) - reach);
  int right = std::min(camera_size - 1, static_cast<int>(stand.x) + reach);
  for (int y = 0; y < camera_size; y++)
    for (int x = left; x <= right; x++) {
      float dx = (static_cast<float>(x) - stand.x) / stand.height;
      float dy = (static_cast<float>(y) - stand.top) / stand.height - 0.5f;
      float u = dx * cosine + dy * sine, v = -dx * sine + dy * cosine + 0.5f;
      Colour& behind = at(frame, x, y);
      Meeting met = meet(bottle, u, v, edge, -sine / cosine, behind);
      if (met.cover > 0) behind = mix(behind, met.colour, met.cover);
    }
}

// A part of the machine in front of the bottle: the arm of the capper, which hides a part of the cap, or a guide rail.
void draw_machine(Frame& frame, const Stand& stand, Random& random) {
  if (random.chance(0.25)) {
    Colour steel = random_grey(random, 0.3f, 0.7f);
    float hidden = between(random, 0.15, 0.5) * 0.19f * stand.height, side = random.chance(0.5) ? 1.0f : -1.0f;
    float border = stand.x + side * (0.095f * stand.height - hidden);
    float bottom = stand.top + between(random, 0.02, 0.09) * stand.height;
    for (int y = 0; y < std::min<int>(camera_size, static_cast<int>(bottom)); y++)
      for (int x = 0; x < camera_size; x++)
        if ((static_cast<float>(x) - border) * side > 0 && (static_cast<float>(x) - border) * side < 9)
          at(frame, x, y) = steel;
  }
  if (random.chance(0.35)) {
    Colour steel = random_grey(random, 0.35f, 0.75f);
    auto rail = static_cast<int>(stand.top + between(random, 0.84, 0.95) * stand.height);
    for (int y = rail; y < rail + 3; y++)
      for (int x = 0; x < camera_size; x++) at(frame, x, y) = mix(at(frame, x, y), steel, 0.85f);
  }
}

void blur(Frame& frame, float sigma) {
  float weights[7], sum = 0;
  for (int i = -3; i <= 3; i++) sum += weights[i + 3] = std::exp(-static_cast<float>(i * i) / (2 * sigma * sigma));
  for (bool upright : {false, true}) {
    Frame from = frame;
    for (int y = 0; y < camera_size; y++)
      for (int x = 0; x < camera_size; x++) {
        Colour total;
        for (int i = -3; i <= 3; i++)
          total = total + (upright ? at(from, x, y + i) : at(from, x + i, y)) * (weights[i + 3] / sum);
        at(frame, x, y) = total;
      }
  }
}

void blur_by_motion(Frame& frame, float length) {
  Frame from = frame;
  for (int y = 0; y < camera_size; y++)
    for (int x = 0; x < camera_size; x++) {
      Colour total;
      float weight = 0;
      for (int i = -4; i <= 4; i++) {
        float share = std::clamp(length / 2 + 0.5f - std::abs(static_cast<float>(i)), 0.0f, 1.0f);
        total = total + at(from, x + i, y) * share;
        weight += share;
      }
      at(frame, x, y) = total * (1 / weight);
    }
}

// Lamps that shine into the lens: round blooms and a streak across.
void add_glare(Frame& frame, Random& random) {
  for (int lamp = 1 + static_cast<int>(random.below(2)); lamp > 0; lamp--) {
    float x = between(random, 0, camera_size), y = between(random, 0, camera_size),
          strength = between(random, 0.1, 0.25);
    float size = between(random, 7, 15), streak = between(random, 1.5, 4), slope = between(random, -0.5, 0.5);
    for (int row = 0; row < camera_size; row++)
      for (int column = 0; column < camera_size; column++) {
        float dx = static_cast<float>(column) - x, dy = static_cast<float>(row) - y;
        float across = (dy - slope * dx) / streak;
        float bloom = std::exp(-(dx * dx + dy * dy) / (2 * size * size)) + 0.3f * std::exp(-across * across);
        at(frame, column, row) = at(frame, column, row) + Colour{1.0f, 0.85f, 0.55f} * (strength * bloom);
      }
  }
}

// One draw gives a number that is normal enough for a sensor's noise.
float noise(Random& random) {
  std::uint64_t bits = random.bits();
  auto sum = static_cast<float>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
  return (sum / 65535.0f - 2.0f) * 1.7320508f;
}

Image expose(const Frame& frame, Colour gain, float gamma, float noise_level, Random& random) {
  Image image{camera_size, camera_size, std::vector<std::uint8_t>(frame.size() * 3)};
  std::array<float, 1025> curve;
  for (std::size_t i = 0; i < curve.size(); i++) curve[i] = 255 * std::pow(static_cast<float>(i) / 1024, gamma);
  auto develop = [&](float light) {
    float value = curve[static_cast<std::size_t>(std::clamp(light, 0.0f, 1.0f) * 1024)] + noise_level * noise(random);
    return static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
  };
  for (std::size_t i = 0; i < frame.size(); i++) {
    image.pixels[i * 3] = develop(frame[i].red * gain.red);
    image.pixels[i * 3 + 1] = develop(frame[i].green * gain.green);
    image.pixels[i * 3 + 2] = develop(frame[i].blue * gain.blue);
  }
  return image;
}

}  // namespace

Image render_bottle(Bottle kind, Light light, Random& random) {
  Stand stand;
  stand.height = between(random, 74, 84);
  stand.top = between(random, 4, 92 - stand.height);
  stand.x = camera_size / 2 + between(random, -7, 7);
  stand.tilt = between(random, -0.05, 0.05);
  BottleShape bottle = random_bottle(kind, random);
  Frame frame = draw_hall(stand.top + stand.height - 2, random);
  float distance = between(random, 0.52, 0.7) * stand.height;
  for (float side : {-1.0f, 1.0f})
    if (random.chance(0.6))
      draw_bottle(frame, neighbour_of(bottle, random),
                  {stand.x + side * distance, stand.top, stand.height, stand.tilt});
  draw_bottle(frame, bottle, stand);
  draw_machine(frame, stand, random);
  if (light == Light::day) {
    if (float sigma = between(random, 0.2, 0.9); sigma > 0.35f) blur(frame, sigma);
    float exposure = between(random, 0.8, 1.15), warmth = between(random, -0.06, 0.06);
    Colour gain{exposure * (1 + warmth), exposure, exposure * (1 - warmth)};
    return expose(frame, gain, between(random, 0.9, 1.1), between(random, 2, 5), random);
  }
  // The lamps of the hall: dim and warm, from behind, into the lens; a long exposure of a moving belt.
  float exposure = between(random, 0.42, 0.6), warmth = between(random, 0.35, 0.6);
  for (auto& colour : frame) colour = colour * exposure;
  add_glare(frame, random);
  blur_by_motion(frame, between(random, 1.2, 2.2));
  return expose(frame, {1 + warmth / 2, 1 - warmth / 4, 1 - warmth}, between(random, 0.85, 1), between(random, 2, 4.5),
                random);
}

CameraFrame camera_frame(std::uint64_t seed, std::uint64_t number, Light light, Bottle bottle) {
  Random random = Random(seed).split(number * 2 + (light == Light::evening ? 1 : 0));
  Image image = render_bottle(bottle, light, random);
  return {bottle, encode_jpeg(image, 85 + static_cast<int>(random.below(8)))};
}

CameraFrame camera_frame(std::uint64_t seed, std::uint64_t number, Light light) {
  double draw = Random(seed).split(number).split(99).uniform();
  auto kind = draw < 0.5 ? Bottle::good : static_cast<Bottle>(1 + static_cast<int>((draw - 0.5) / 0.125));
  return camera_frame(seed, number, light, kind);
}

}  // namespace gyre
