#pragma once
// The demo line's microphone: one second of a gearbox between other machines. Speed, load, distance and noise vary from
// sound to sound. Three states are known to who trains; three faults come up only later.
#include <cstddef>
#include <span>
#include <string_view>

#include "base/random.hpp"
#include "media/sound.hpp"

namespace gyre {

enum class Gearbox { healthy, worn_bearing, loose_belt, cracked_tooth, cavitation, misalignment };
std::string_view name_of(Gearbox state);
std::span<const Gearbox> known_gearboxes();   // what a training set has
std::span<const Gearbox> unseen_gearboxes();  // what it must not have

inline constexpr int gearbox_rate = 16000;

// The same sound for the same state of `random`.
Sound record_gearbox(Gearbox state, Random& random);

}  // namespace gyre
