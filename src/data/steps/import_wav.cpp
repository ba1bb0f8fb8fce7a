// gyre gather wav: recordings become a data set of one rate and, if wanted, one length.
#include <cmath>
#include <map>

#include "data/dataset.hpp"
#include "data/gather.hpp"
#include "media/sound.hpp"

namespace gyre {

namespace {

struct Options {
  int rate = 16000;
  double seconds = 0;
  std::string corrupt = "stop";
};

bool is_sound_file(std::string_view bytes, const fs::path& path) {
  for (std::string_view start : {"RIFF", "fLaC", "OggS", "FORM"})
    if (bytes.starts_with(start)) return true;
  return has_extension(path, {".wav", ".flac", ".ogg", ".aiff"});
}

std::vector<Piece> cut(const Sound& sound, const fs::path& path, double seconds, std::size_t& too_short) {
  auto length = static_cast<std::size_t>(std::lround(seconds * sound.rate));
  std::vector<Piece> pieces;
  for (std::size_t start = 0; start + length <= sound.samples.size(); start += length) {
    auto from = sound.samples.begin() + static_cast<std::ptrdiff_t>(start);
    std::string number = std::to_string(pieces.size());
    fs::path name =
        path.parent_path() /
        (path.stem().string() + "-" + std::string(number.size() < 4 ? 4 - number.size() : 0, '0') + number + ".wav");
    pieces.push_back({name, encode_wav({sound.rate, {from, from + static_cast<std::ptrdiff_t>(length)}})});
  }
  too_short += pieces.empty();
  return pieces;
}

void run(const Options& options, StepContext& context) {
  std::map<int, std::size_t> resampled;
  std::size_t too_short = 0;
  auto convert = [&](const fs::path& relative, std::string bytes) -> std::vector<Piece> {
    if (!is_sound_file(bytes, relative)) return {};
    Sound sound = decode_sound(bytes, relative.string());
    if (sound.rate != options.rate) {
      resampled[sound.rate]++;
      sound = resample(sound, options.rate);
    }
    if (options.seconds > 0) return cut(sound, relative, options.seconds, too_short);
    fs::path name = relative;
    return {{name.replace_extension(".wav"), encode_wav(sound)}};
  };
  fs::path to = context.output("data");
  std::size_t count = gather_files(context, context.input("folder"), to, options.corrupt, convert);
  for (auto [rate, files] : resampled)
    context.say(counted(files, "file", "files") + " resampled from " + std::to_string(rate) + " Hz to " +
                std::to_string(options.rate) + " Hz");
  if (too_short)
    context.say(counted(too_short, "recording is", "recordings are") + " shorter than a piece and left out");
  context.metric("samples", double(count));
  say_all(context, load_samples(to, std::nullopt, Part::all, 0).findings);
}

}  // namespace

extern const Step step_import_wav;
const Step step_import_wav = step<Options>(
    {.name = "import-wav",
     .command = "gather wav",
     .group = "data",
     .title = "Gather recordings from a folder",
     .help =
         "Takes the WAV, FLAC and OGG files of a folder and those below it as a data set of one-channel WAV.\n\nA file "
         "of "
         "another rate is resampled, and said so; several channels are averaged; with --seconds each recording is cut "
         "into pieces of that length.",
     .inputs = {{"folder", "any", "the folder to take"}},
     .outputs = {{"data", "sounds", "one-channel WAV files of 16 bit"}}},
    {field("rate", &Options::rate, "samples a second that the data set shall have", {.min = 100, .max = 192000}),
     field("seconds", &Options::seconds, "length of the pieces to cut; 0: recordings stay whole",
           {.min = 0, .max = 3600}),
     field("corrupt", &Options::corrupt, "what to do with files that cannot be read", {.choices = corrupt_choices})},
    run);

}  // namespace gyre
