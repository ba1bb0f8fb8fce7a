#pragma once
// One bottle of the demo line: its shape and colours, drawn by chance, and what a ray at a point of it meets.
#include "data/line/camera.hpp"

namespace gyre {

struct Colour {
  float red = 0, green = 0, blue = 0;  // 0 .. 1, light, not yet a picture
};
inline Colour operator*(Colour colour, float factor) {
  return {colour.red * factor, colour.green * factor, colour.blue * factor};
}
inline Colour operator+(Colour a, Colour b) { return {a.red + b.red, a.green + b.green, a.blue + b.blue}; }
inline Colour mix(Colour from, Colour to, float share) { return from * (1 - share) + to * share; }
Colour random_colour(Random& random, float darkest, float brightest);
Colour random_grey(Random& random, float darkest, float brightest);

// Lengths are in bottle heights: u across (0 is the axis), v down (0 is the top of the cap, 1 the bottom).
struct BottleShape {
  float body_width, neck_width, shoulder_top, shoulder_end;  // half widths
  Colour glass, liquid, cap, label, stripe, print;
  bool has_cap = true;
  float level;  // of the liquid
  float label_top, label_bottom, label_tilt;
  float dent_side = 0, dent_at = 0, dent_depth = 0, dent_length = 1;
  float shine_at, shine_strength;  // a window's reflection in the glass
  std::uint64_t print_pattern;     // what is printed on the label
};

BottleShape random_bottle(Bottle bottle, Random& random);
// The same make of bottle, without a fault: what stands beside it on the belt.
BottleShape neighbour_of(const BottleShape& bottle, Random& random);

// Colour and how much of the point is covered (0 .. 1); `edge` is a pixel's size, `slope` the level's tilt.
struct Meeting {
  Colour colour;
  float cover = 0;
};
Meeting meet(const BottleShape& bottle, float u, float v, float edge, float slope, Colour behind);

}  // namespace gyre
