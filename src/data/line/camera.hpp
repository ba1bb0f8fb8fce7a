#pragma once
// The demo line's camera: frames of a bottling line, drawn from a seed. Position, size, tilt, glass, liquid, label,
// neighbours, light, blur and noise vary from frame to frame; some caps are half hidden and some levels are near the
// limit.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "media/image.hpp"

namespace gyre {

enum class Bottle { good, no_cap, low_fill, crooked_label, dented };
inline constexpr std::array<std::string_view, 5> bottle_names{"good", "no_cap", "low_fill", "crooked_label", "dented"};
inline std::string_view name_of(Bottle bottle) { return bottle_names[static_cast<std::size_t>(bottle)]; }

// Evening is what production meets only later: dim, warm, glaring lamps, motion blur, a noisy sensor.
enum class Light { day, evening };

inline constexpr int camera_size = 96;  // pixels, both ways

Image render_bottle(Bottle bottle, Light light, Random& random);

// What the camera sees as its n-th frame: the same for the same seed and number, whatever was asked before. The truth
// is what a person would answer who looks at the bottle itself.
struct CameraFrame {
  Bottle truth;
  std::string jpeg;
};
CameraFrame camera_frame(std::uint64_t seed, std::uint64_t number, Light light);  // every other bottle is good
CameraFrame camera_frame(std::uint64_t seed, std::uint64_t number, Light light, Bottle bottle);

}  // namespace gyre
