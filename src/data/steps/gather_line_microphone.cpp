#include <algorithm>
#include <cstdio>

#include "base/file.hpp"
#include "base/step.hpp"
#include "data/line/gearbox.hpp"

namespace gyre {

namespace {

struct Microphone {
  std::int64_t sounds = 900;
  std::int64_t seed = 1;
  bool unseen = false;
};

void gather(const Microphone& options, StepContext& context) {
  auto states = options.unseen ? unseen_gearboxes() : known_gearboxes();
  fs::path folder = context.output("sounds");
  for (Gearbox state : states) make_folders(folder / name_of(state));
  // Every sound draws from a stream of its own: more sounds leave the first ones as they were.
  Random seeded(static_cast<std::uint64_t>(options.seed));
  for (std::int64_t i = 0; i < options.sounds && !context.stop_requested(); i++) {
    Gearbox state = states[static_cast<std::size_t>(i) % states.size()];
    Random random = seeded.split(static_cast<std::uint64_t>(i) * 2 + (options.unseen ? 1 : 0));
    char name[64];
    std::snprintf(name, sizeof name, "%06lld.wav", static_cast<long long>(i));
    write_output(folder / name_of(state) / name, encode_wav(record_gearbox(state, random)));
    if (i % 50 == 49) context.progress(static_cast<double>(i + 1), static_cast<double>(options.sounds), "sounds");
  }
}

}  // namespace

extern const Step step_gather_line_microphone = step<Microphone>(
    {.name = "gather-line-microphone",
     .command = "gather line microphone",
     .group = "data",
     .title = "Gather: the demo line's microphone",
     .help = "Renders one-second sounds of a gearbox (WAV, 16 kHz), a folder for each state.\n\n"
             "Speed, load, distance and the factory's noise vary. The states are healthy, worn_bearing and loose_belt; "
             "with --unseen they are the faults that no training is given: cracked_tooth, cavitation, misalignment.",
     .outputs = {{"sounds", "sounds", "a folder for each state, sounds named by number"}}},
    {field("sounds", &Microphone::sounds, "how many sounds, shared evenly among the states",
           {.min = 1, .max = 1'000'000}),
     field("seed", &Microphone::seed, "the same seed gives the same sounds", {.min = 0}),
     field("unseen", &Microphone::unseen, "render the faults that a training set lacks")},
    gather);

}  // namespace gyre
