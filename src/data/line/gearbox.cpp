#include "data/line/gearbox.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace gyre {

namespace {

constexpr double two_pi = 2 * std::numbers::pi;
constexpr int length = gearbox_rate;  // one second
constexpr int teeth = 23;

// std::sin of all tones would take most of the time; a table with 4096 places is exact to -100 dB.
float sine(double turns) {
  static const std::vector<float> table = [] {
    std::vector<float> values(4097);
    for (std::size_t i = 0; i < values.size(); i++)
      values[i] = static_cast<float>(std::sin(two_pi * static_cast<double>(i) / 4096));
    return values;
  }();
  double place = (turns - std::floor(turns)) * 4096;
  auto i = static_cast<std::size_t>(place);
  return table[i] + static_cast<float>(place - static_cast<double>(i)) * (table[i + 1] - table[i]);
}

// What is rendered into, and how the machine runs while it is recorded.
struct Recording {
  std::vector<float> samples = std::vector<float>(length);
  std::vector<double> turns = std::vector<double>(length);  // of the shaft since the start
  double shaft = 0;                                         // Hz
  double load = 0;                                          // 0..1
};

void turn_shaft(Recording& recording, Random& random) {
  // Speed is never quite steady: a slow wander, and the motor's slip under load.
  double wander = random.uniform(0.002, 0.012), wander_rate = random.uniform(0.3, 2), phase = random.uniform();
  double turned = random.uniform();
  for (int i = 0; i < length; i++) {
    recording.turns[static_cast<std::size_t>(i)] = turned;
    double speed = recording.shaft * (1 + wander * sine(wander_rate * i / gearbox_rate + phase));
    turned += speed / gearbox_rate;
  }
}

// A tone locked to the shaft; `modulation` swings it once (or `times`) per turn.
void add_tone(Recording& recording, double times_shaft, double level, Random& random, double modulation = 0,
              double modulation_times = 1) {
  double phase = random.uniform(), modulation_phase = random.uniform();
  for (std::size_t i = 0; i < length; i++) {
    double swing = 1 + modulation * sine(recording.turns[i] * modulation_times + modulation_phase);
    recording.samples[i] += static_cast<float>(level * swing * sine(recording.turns[i] * times_shaft + phase));
  }
}

// A struck part: it rings at `hz` and dies away with time constant `decay` seconds.
void add_ring(Recording& recording, double at, double hz, double decay, double level) {
  auto first = static_cast<std::size_t>(std::max(0.0, at));
  auto last = std::min<std::size_t>(length, first + static_cast<std::size_t>(decay * 6 * gearbox_rate) + 1);
  double fall = std::exp(-1 / (decay * gearbox_rate));
  for (std::size_t i = first; i < last; i++, level *= fall)
    recording.samples[i] += static_cast<float>(level * sine(hz * static_cast<double>(i - first) / gearbox_rate));
}

// Noise through a resonator: broad when `width` is large. `envelope` shapes it over time.
template <class Envelope>
void add_noise(Recording& recording, double hz, double width, double level, Random& random, Envelope envelope) {
  double radius = std::exp(-std::numbers::pi * width / gearbox_rate);
  double turn = 2 * radius * std::cos(two_pi * hz / gearbox_rate), back = -radius * radius;
  double gain = std::sqrt((1 - radius * radius) * 0.5) * level, one = 0, two = 0;
  for (std::size_t i = 0; i < length; i++) {
    double now = turn * one + back * two + random.uniform(-1.7, 1.7);
    two = one, one = now;
    recording.samples[i] += static_cast<float>(gain * now * envelope(i));
  }
}

void add_meshing(Recording& recording, Random& random) {
  double level = 0.10 + 0.16 * recording.load;
  double wear = random.uniform(0.02, 0.15);  // every gear is a little eccentric
  for (int harmonic = 1; harmonic <= 4; harmonic++) {
    if (harmonic * teeth * recording.shaft > gearbox_rate * 0.45) break;
    add_tone(recording, harmonic * teeth, level * random.uniform(0.6, 1.2) / harmonic, random, wear);
  }
  add_tone(recording, 1, random.uniform(0.02, 0.07), random);
  add_tone(recording, 2, random.uniform(0.01, 0.04), random);
}

// A pit in the outer race: each ball that rolls over it strikes the housing.
void wear_bearing(Recording& recording, Random& random) {
  double passes = random.uniform(3.45, 3.7), ring = random.uniform(2900, 4300);
  double level = random.uniform(0.14, 0.36) * (0.6 + 0.6 * recording.load);
  double next = random.uniform(), slip = 0.012;
  for (std::size_t i = 1; i < length; i++) {
    if (recording.turns[i] * passes - recording.turns[0] * passes < next) continue;
    add_ring(recording, static_cast<double>(i), ring * random.uniform(0.98, 1.02), 0.0022,
             level * random.uniform(0.5, 1.3));
    next += 1 + random.normal(0, slip);  // balls slip: no two gaps are the same
  }
  add_noise(recording, ring, 900, level * 0.18, random, [](std::size_t) { return 1.0; });
}

// The belt slaps its guard and slips: low blows at the belt's rate and a squeal that comes and goes.
void loosen_belt(Recording& recording, Random& random) {
  double rate = random.uniform(0.28, 0.42);  // belt turns per shaft turn
  double level = random.uniform(0.14, 0.34), next = random.uniform();
  for (std::size_t i = 1; i < length; i++) {
    if ((recording.turns[i] - recording.turns[0]) * rate < next) continue;
    add_ring(recording, static_cast<double>(i), random.uniform(150, 260), random.uniform(0.015, 0.03),
             level * random.uniform(0.7, 1.6));
    add_ring(recording, static_cast<double>(i), random.uniform(480, 700), 0.008, level * random.uniform(0.3, 0.8));
    next += random.uniform(0.85, 1.15);
  }
  double phase = random.uniform(), squeal = random.uniform(1100, 1900);
  add_noise(recording, squeal, 60, level * random.uniform(0.25, 0.7), random,
            [&](std::size_t i) { return std::max(0.0f, sine(recording.turns[i] * rate + phase)); });
}

// One tooth gives way under load: a hard knock once per turn, and the mesh loses its grip for a moment.
void crack_tooth(Recording& recording, Random& random) {
  double ring = random.uniform(1700, 2300), level = random.uniform(0.2, 0.6), next = random.uniform();
  for (std::size_t i = 1; i < length; i++) {
    if (recording.turns[i] - recording.turns[0] < next) continue;
    add_ring(recording, static_cast<double>(i), ring * random.uniform(0.99, 1.01), 0.006,
             level * random.uniform(0.8, 1.2));
    add_ring(recording, static_cast<double>(i), ring * 2.6, 0.003, level * 0.5);
    next += 1;
  }
  add_tone(recording, teeth, 0.15, random, 0.9);
}

// Bubbles that collapse in the oil: a dense crackle high up, in bursts.
void cavitate(Recording& recording, Random& random) {
  double level = random.uniform(0.05, 0.16), per_second = random.uniform(250, 700);
  double swell = random.uniform(1, 4), phase = random.uniform();
  for (double at = 0; at < length; at -= std::log(1 - random.uniform()) / per_second * gearbox_rate) {
    double strength = level * (0.6 + 0.4 * sine(swell * at / gearbox_rate + phase));
    add_ring(recording, at, random.uniform(5200, 7400), 0.0006, strength * random.uniform(0.4, 2.2));
  }
  add_noise(recording, 6200, 2200, level * 0.7, random, [](std::size_t) { return 1.0; });
}

// Shafts that do not meet: the second and third order of the shaft grow, the mesh is swung twice per turn.
void misalign(Recording& recording, Random& random) {
  double level = random.uniform(0.1, 0.3);
  for (int order = 2; order <= 9; order++)
    add_tone(recording, order, level * random.uniform(0.8, 1.2) * (order <= 4 ? 1.0 : 0.55), random);
  add_tone(recording, teeth, level * 0.8, random, 0.95, 2);
  add_tone(recording, 2 * teeth, level * 0.7, random, 0.95, 2);
}

void add_factory(Recording& recording, Random& random) {
  add_noise(recording, 300, 1500, random.uniform(0.01, 0.05), random, [](std::size_t) { return 1.0; });
  add_noise(recording, 3000, 9000, random.uniform(0.004, 0.03), random, [](std::size_t) { return 1.0; });
  double hum = random.uniform(0, 0.05), drift = random.uniform(49.9, 50.1), phase = random.uniform();
  for (std::size_t i = 0; i < length; i++) {
    double at = static_cast<double>(i) / gearbox_rate * drift + phase;
    recording.samples[i] += static_cast<float>(hum * (sine(at) + 0.5f * sine(2 * at) + 0.25f * sine(3 * at)));
  }
  // Other machines: motors with their own harmonics.
  for (std::uint64_t machine = random.below(3); machine > 0; machine--) {
    double hz = random.uniform(60, 1400), level = random.uniform(0.01, 0.06), start = random.uniform();
    for (int harmonic = 1; harmonic <= 3; harmonic++)
      for (std::size_t i = 0; i < length; i++)
        recording.samples[i] += static_cast<float>(
            level / harmonic * sine((hz * static_cast<double>(i) / gearbox_rate + start) * harmonic));
  }
  // Something falls or is set down, now and then.
  if (random.chance(0.25)) {
    double at = random.uniform(0, length), level = random.uniform(0.1, 0.5);
    for (int part = 0; part < 4; part++)
      add_ring(recording, at + random.uniform(0, 200), random.uniform(250, 2600), random.uniform(0.01, 0.05),
               level / 2);
  }
  // An air valve.
  if (random.chance(0.15)) {
    double from = random.uniform(0, 0.8) * length, to = from + random.uniform(0.05, 0.25) * length;
    add_noise(recording, 4500, 4000, random.uniform(0.03, 0.10), random,
              [&](std::size_t i) { return static_cast<double>(i) > from && static_cast<double>(i) < to ? 1.0 : 0.0; });
  }
}

constexpr std::array known{Gearbox::healthy, Gearbox::worn_bearing, Gearbox::loose_belt};
constexpr std::array unseen{Gearbox::cracked_tooth, Gearbox::cavitation, Gearbox::misalignment};

}  // namespace

std::string_view name_of(Gearbox state) {
  switch (state) {
    case Gearbox::healthy:
      return "healthy";
    case Gearbox::worn_bearing:
      return "worn_bearing";
    case Gearbox::loose_belt:
      return "loose_belt";
    case Gearbox::cracked_tooth:
      return "cracked_tooth";
    case Gearbox::cavitation:
      return "cavitation";
    case Gearbox::misalignment:
      return "misalignment";
  }
  return "";
}

std::span<const Gearbox> known_gearboxes() { return known; }
std::span<const Gearbox> unseen_gearboxes() { return unseen; }

Sound record_gearbox(Gearbox state, Random& random) {
  Recording recording;
  constexpr std::array speeds{16.0, 21.0, 25.0, 30.0};  // the four the line is run at
  recording.shaft = speeds[random.below(speeds.size())] * random.uniform(0.97, 1.03);
  recording.load = random.uniform();
  turn_shaft(recording, random);
  add_meshing(recording, random);
  switch (state) {
    case Gearbox::healthy:
      break;
    case Gearbox::worn_bearing:
      wear_bearing(recording, random);
      break;
    case Gearbox::loose_belt:
      loosen_belt(recording, random);
      break;
    case Gearbox::cracked_tooth:
      crack_tooth(recording, random);
      break;
    case Gearbox::cavitation:
      cavitate(recording, random);
      break;
    case Gearbox::misalignment:
      misalign(recording, random);
      break;
  }
  add_factory(recording, random);
  // Distance to the microphone; its input clips, as they do.
  auto gain = static_cast<float>(random.uniform(0.35, 0.9));
  Sound sound{gearbox_rate, std::move(recording.samples)};
  for (float& sample : sound.samples) sample = std::clamp(sample * gain, -1.0f, 1.0f);
  return sound;
}

}  // namespace gyre
