#include "data/line/bottle.hpp"

#include <algorithm>
#include <cmath>

namespace gyre {

namespace {

constexpr float cap_bottom = 0.078f, lip_bottom = 0.1f;

float between(Random& random, double low, double high) { return static_cast<float>(random.uniform(low, high)); }

float smooth(float low, float high, float x) {
  float t = std::clamp((x - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

// How much of a pixel lies inside an edge that is `distance` away (negative: inside).
float inside(float distance, float edge) { return std::clamp(0.5f - distance / edge, 0.0f, 1.0f); }

float half_width(const BottleShape& bottle, float v, float side) {
  float width;
  if (v < lip_bottom) {
    width = bottle.neck_width * 1.12f;
  } else {
    width = bottle.neck_width +
            (bottle.body_width - bottle.neck_width) * smooth(bottle.shoulder_top, bottle.shoulder_end, v);
    width -= 0.03f * smooth(0.965f, 1.0f, v);  // rounded foot
  }
  if (bottle.dent_depth > 0 && side == bottle.dent_side) {
    float t = (v - bottle.dent_at) / bottle.dent_length;
    width -= bottle.dent_depth * std::exp(-t * t);
  }
  return width;
}

// Paper with a stripe, a mark and lines of print.
Colour paper(const BottleShape& bottle, float u, float v) {
  float height = (v - bottle.label_top) / (bottle.label_bottom - bottle.label_top);  // 0 .. 1
  if (height < 0.1f || height > 0.9f) return bottle.stripe;
  auto column = static_cast<unsigned>((u + 0.3f) * 40), row = static_cast<unsigned>(height * 9);
  bool printed = row % 2 == 0 && (bottle.print_pattern >> ((row * 7 + column) % 64) & 1);
  return printed ? bottle.print : bottle.label;
}

Colour body_colour(const BottleShape& bottle, float u, float v, float edge, float slope, Colour behind, float round) {
  Colour empty = mix(behind, bottle.glass, 0.42f);
  Colour full = mix(mix(behind, bottle.liquid, 0.88f), bottle.glass, 0.25f);
  float depth = v - bottle.level - slope * u;
  Colour colour = mix(empty, full, inside(-depth, edge * 1.2f));
  if (std::abs(depth) < 0.012f) colour = mix(colour, {1, 1, 1}, 0.22f);  // the surface catches light
  float on_label = v + bottle.label_tilt * u;
  float labelled = std::min(inside(bottle.label_top - on_label, edge), inside(on_label - bottle.label_bottom, edge));
  if (labelled > 0) colour = mix(colour, paper(bottle, u, on_label), labelled);
  float t = (round - bottle.shine_at) / 0.12f;
  colour = colour + Colour{1, 1, 1} * (bottle.shine_strength * std::exp(-t * t) * (labelled > 0.5f ? 0.3f : 1));
  if (bottle.dent_depth > 0) {  // a hollow in shade with a lit lower rim
    float along = (v - bottle.dent_at) / bottle.dent_length;
    float across = (u * bottle.dent_side - bottle.body_width * 0.6f) / 0.09f;
    float rim = along - 1.1f;
    colour = colour * (1 - 0.75f * std::exp(-along * along - across * across));
    colour = colour + Colour{1, 1, 1} * (0.45f * std::exp(-rim * rim * 6 - across * across));
  }
  return colour;
}

}  // namespace

Colour random_colour(Random& random, float darkest, float brightest) {
  return {between(random, darkest, brightest), between(random, darkest, brightest),
          between(random, darkest, brightest)};
}

Colour random_grey(Random& random, float darkest, float brightest) {
  float level = between(random, darkest, brightest);
  return {level, level, level};
}

BottleShape random_bottle(Bottle kind, Random& random) {
  BottleShape bottle{};
  bottle.body_width = between(random, 0.155, 0.195);
  bottle.neck_width = between(random, 0.06, 0.075);
  bottle.shoulder_top = between(random, 0.23, 0.28);
  bottle.shoulder_end = between(random, 0.38, 0.44);
  static constexpr Colour glasses[] = {{0.55f, 0.75f, 0.6f}, {0.6f, 0.45f, 0.28f}, {0.82f, 0.88f, 0.9f}};
  static constexpr Colour liquids[] = {
      {0.3f, 0.12f, 0.05f}, {0.72f, 0.4f, 0.05f}, {0.55f, 0.08f, 0.1f}, {0.1f, 0.22f, 0.1f}};
  bottle.glass = mix(glasses[random.below(3)], random_colour(random, 0.2f, 1), 0.12f);
  bottle.liquid = mix(liquids[random.below(4)], random_colour(random, 0, 0.7f), 0.15f);
  static constexpr Colour caps[] = {
      {0.8f, 0.1f, 0.1f}, {0.12f, 0.2f, 0.75f}, {0.85f, 0.68f, 0.15f}, {0.9f, 0.9f, 0.92f}};
  bottle.cap = mix(caps[random.below(4)], random_colour(random, 0.05f, 0.95f), 0.2f);
  bottle.label = mix({0.92f, 0.9f, 0.85f}, random_colour(random, 0.5f, 1), 0.4f);
  bottle.stripe = random_colour(random, 0.05f, 0.6f);
  bottle.print = random_colour(random, 0, 0.45f);
  bottle.print_pattern = random.bits();
  bottle.level = between(random, 0.13, 0.215);
  bottle.label_top = between(random, 0.49, 0.55);
  bottle.label_bottom = bottle.label_top + between(random, 0.24, 0.32);
  bottle.label_tilt = between(random, -0.025, 0.025);
  bottle.shine_at = between(random, -0.75, 0.75);
  bottle.shine_strength = between(random, 0, 0.45);
  double side = random.chance(0.5) ? 1 : -1;
  switch (kind) {
    case Bottle::good:
      break;
    case Bottle::no_cap:
      bottle.has_cap = false;
      break;
    case Bottle::low_fill:
      bottle.level = between(random, 0.29, 0.47);
      break;
    case Bottle::crooked_label:
      bottle.label_tilt = static_cast<float>(side * random.uniform(0.15, 0.32));
      break;
    case Bottle::dented:
      bottle.dent_side = static_cast<float>(side);
      bottle.dent_at = between(random, 0.48, 0.9);
      bottle.dent_depth = between(random, 0.11, 0.15);
      bottle.dent_length = between(random, 0.07, 0.11);
  }
  return bottle;
}

BottleShape neighbour_of(const BottleShape& bottle, Random& random) {
  BottleShape other = bottle;
  other.has_cap = true;
  other.level = between(random, 0.13, 0.215);
  other.label_tilt = between(random, -0.025, 0.025);
  other.dent_depth = other.dent_side = 0;
  return other;
}

Meeting meet(const BottleShape& bottle, float u, float v, float edge, float slope, Colour behind) {
  if (v < -edge || v > 1 + edge || std::abs(u) > 0.24f) return {};
  float side = u < 0 ? -1.0f : 1.0f;
  if (v < cap_bottom + edge && bottle.has_cap) {
    float width = bottle.neck_width * 1.45f;
    float cover = inside(std::abs(u) - width, edge) * inside(-v, edge) * inside(v - cap_bottom, edge);
    float round = u / width;
    Colour colour = bottle.cap * (1 - 0.45f * round * round) + Colour{0.12f, 0.12f, 0.12f};
    if (cover > 0.5f || v < cap_bottom - edge) return {colour, cover};
  }
  // Without a cap the neck begins where the cap would have ended halfway.
  float top = 0.045f;
  float width = half_width(bottle, v, side);
  float cover = inside(std::abs(u) - width, edge) * inside(top - v, edge) * inside(v - 1, edge);
  if (cover <= 0) return {};
  float round = u / std::max(width, 0.01f);
  Colour colour = body_colour(bottle, u, v, edge, slope, behind, round);
  if (v < lip_bottom) colour = mix(colour, bottle.glass * 0.8f, 0.6f);
  return {colour * (1.05f - 0.4f * round * round * round * round), cover};
}

}  // namespace gyre
