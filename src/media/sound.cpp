#include "media/sound.hpp"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>

#include "base/error.hpp"

namespace gyre {

namespace {

constexpr std::size_t most_samples = 400'000'000;  // two and a half hours at 44.1 kHz
constexpr int lowest_rate = 100, highest_rate = 1'000'000;

// A file in memory, as libsndfile reads it.
struct Memory {
  std::string_view bytes;
  sf_count_t at = 0;

  static Memory& of(void* user) { return *static_cast<Memory*>(user); }
  static sf_count_t length(void* user) { return static_cast<sf_count_t>(of(user).bytes.size()); }
  static sf_count_t tell(void* user) { return of(user).at; }
  static sf_count_t write(const void*, sf_count_t, void*) { return 0; }
  static sf_count_t seek(sf_count_t offset, int whence, void* user) {
    auto& memory = of(user);
    sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.at : length(user);
    memory.at = std::clamp<sf_count_t>(from + offset, 0, length(user));
    return memory.at;
  }
  static sf_count_t read(void* to, sf_count_t count, void* user) {
    auto& memory = of(user);
    count = std::clamp<sf_count_t>(count, 0, length(user) - memory.at);
    std::memcpy(to, memory.bytes.data() + memory.at, static_cast<std::size_t>(count));
    memory.at += count;
    return count;
  }
};

Error broken(std::string_view where, const std::string& what) {
  return {Code::invalid, std::string(where) + ": " + what,
          "sounds are taken as WAV, FLAC or OGG; copy the file again or leave it out"};
}

std::uint32_t little_endian(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[offset + i]);
  return value;
}

// libsndfile takes a WAV that was cut off as a shorter one, and hands MPEG inside to a decoder that prints notes of its
// own. A length of all ones is a stream's "unknown".
void refuse_bad_wav(std::string_view bytes, std::string_view where) {
  if (!bytes.starts_with("RIFF") || bytes.size() < 12) return;
  for (std::size_t offset = 12; offset + 8 <= bytes.size();) {
    std::uint32_t size = little_endian(bytes, offset + 4);
    if (size > bytes.size() - offset - 8 && size < 0x7fffffff)
      throw broken(where, "cut off: " + std::to_string(bytes.size() - offset - 8) + " of " + std::to_string(size) +
                              " bytes of sound are there");
    if (bytes.substr(offset, 4) == "data") return;
    if (bytes.substr(offset, 4) == "fmt " && offset + 12 <= bytes.size())
      if (std::uint32_t kind = little_endian(bytes, offset + 8) & 0xffff; kind == 0x50 || kind == 0x55)
        throw broken(where, "MPEG sound inside a WAV file");
    offset += 8 + std::size_t(size) + (size & 1);
  }
}

double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 40; k++) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

}  // namespace

Sound decode_sound(std::string_view bytes, std::string_view where) {
  if (bytes.empty()) throw broken(where, "an empty file");
  bool known = false;
  for (std::string_view start : {"RIFF", "RIFX", "fLaC", "OggS", "FORM"}) known = known || bytes.starts_with(start);
  if (!known) throw broken(where, "no sound file");
  refuse_bad_wav(bytes, where);
  Memory memory{bytes};
  SF_VIRTUAL_IO io{Memory::length, Memory::seek, Memory::read, Memory::write, Memory::tell};
  SF_INFO info{};
  std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open_virtual(&io, SFM_READ, &info, &memory), sf_close);
  if (!file) throw broken(where, std::string("no sound file: ") + sf_strerror(nullptr));
  if (info.samplerate < lowest_rate || info.samplerate > highest_rate || info.channels < 1)
    throw broken(where, "a sound of " + std::to_string(info.samplerate) + " Hz and " + std::to_string(info.channels) +
                            " channels");
  auto channels = static_cast<std::size_t>(info.channels);
  Sound sound{info.samplerate, {}};
  std::vector<float> block(channels * 4096);
  while (true) {  // the header's length is not to be trusted before the samples are there
    auto frames = static_cast<std::size_t>(std::max<sf_count_t>(sf_readf_float(file.get(), block.data(), 4096), 0));
    if (frames == 0) break;
    if (sound.samples.size() + frames > most_samples)
      throw broken(where, "a sound of several hours; cut it into pieces");
    for (std::size_t i = 0; i < frames; i++) {
      float sum = 0;
      for (std::size_t c = 0; c < channels; c++) sum += block[i * channels + c];
      if (!std::isfinite(sum)) throw broken(where, "holds samples that are no numbers");
      sound.samples.push_back(sum / static_cast<float>(channels));
    }
  }
  if (sf_error(file.get()) != SF_ERR_NO_ERROR)
    throw broken(where, std::string("broken sound: ") + sf_strerror(file.get()));
  if (sound.samples.empty()) throw broken(where, "a sound without samples");
  if (info.frames != SF_COUNT_MAX && static_cast<sf_count_t>(sound.samples.size()) < info.frames)
    throw broken(where, "cut off: " + std::to_string(sound.samples.size()) + " of " + std::to_string(info.frames) +
                            " samples are there");
  return sound;
}

std::string encode_wav(const Sound& sound) {
  auto size = static_cast<std::uint32_t>(sound.samples.size() * 2);
  std::string bytes;
  bytes.reserve(44 + size);
  auto number = [&](std::uint32_t value, int count) {
    for (int i = 0; i < count; i++) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  };
  auto rate = static_cast<std::uint32_t>(sound.rate);
  bytes += "RIFF", number(36 + size, 4), bytes += "WAVEfmt ", number(16, 4);
  number(1, 2), number(1, 2), number(rate, 4), number(rate * 2, 4), number(2, 2), number(16, 2);  // PCM, one channel
  bytes += "data", number(size, 4);
  for (float sample : sound.samples)
    number(static_cast<std::uint16_t>(std::lrint(std::clamp(sample * 32768.0f, -32768.0f, 32767.0f))), 2);
  return bytes;
}

Sound resample(const Sound& sound, int rate) {
  if (rate < lowest_rate || rate > highest_rate)
    throw Error(Code::invalid, "a rate of " + std::to_string(rate) + " Hz", "give a rate from 100 to 1000000 Hz");
  if (rate == sound.rate || sound.samples.empty()) return {rate, sound.samples};
  // Output n lies at n * from / to of the input. Its fraction takes `phases` values only: one row of weights for each,
  // made when first needed. A Kaiser window of 16 zero crossings a side: 80 dB.
  constexpr double crossings = 16, beta = 8;
  auto count = static_cast<std::int64_t>(sound.samples.size());
  std::int64_t divisor = std::gcd<std::int64_t>(sound.rate, rate), from = sound.rate / divisor, phases = rate / divisor;
  double cutoff = std::min(1.0, double(phases) / double(from));
  auto reach = static_cast<std::int64_t>(std::ceil(crossings / cutoff));
  std::vector<std::vector<float>> rows(static_cast<std::size_t>(phases));
  auto weights = [&](std::int64_t phase) -> const std::vector<float>& {
    auto& row = rows[static_cast<std::size_t>(phase)];
    if (!row.empty()) return row;
    std::vector<double> exact;
    double sum = 0;
    for (std::int64_t k = -reach; k <= reach; k++) {
      double distance = double(k) - double(phase) / double(phases), x = M_PI * cutoff * distance;
      double inside = 1 - (distance * cutoff / crossings) * (distance * cutoff / crossings);
      double window = inside > 0 ? bessel_i0(beta * std::sqrt(inside)) : 0;
      exact.push_back((std::abs(x) < 1e-9 ? 1 : std::sin(x) / x) * window);
      sum += exact.back();
    }
    for (double weight : exact) row.push_back(static_cast<float>(weight / sum));  // a constant stays the same constant
    return row;
  };
  Sound result{rate, {}};
  std::int64_t wanted = std::max<std::int64_t>(1, (count * phases + from / 2) / from);
  result.samples.reserve(static_cast<std::size_t>(wanted));
  for (std::int64_t n = 0; n < wanted; n++) {
    std::int64_t centre = n * from / phases;
    auto& row = weights(n * from % phases);
    double value = 0;
    for (std::int64_t k = -reach; k <= reach; k++) {
      std::int64_t at = std::clamp<std::int64_t>(centre + k, 0, count - 1);  // the ends go on as they are
      value += double(row[static_cast<std::size_t>(k + reach)]) * double(sound.samples[static_cast<std::size_t>(at)]);
    }
    result.samples.push_back(static_cast<float>(std::clamp(value, -1.0, 1.0)));
  }
  return result;
}

}  // namespace gyre
