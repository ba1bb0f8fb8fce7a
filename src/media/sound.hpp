#pragma once
// Sounds in memory and their files.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

struct Sound {
  int rate = 0;
  std::vector<float> samples;  // one channel, -1 .. 1
};

// WAV, FLAC, OGG ... as libsndfile reads them; several channels are averaged. Error{invalid} names `where`.
Sound decode_sound(std::string_view bytes, std::string_view where);
std::string encode_wav(const Sound& sound);    // 16 bit PCM
Sound resample(const Sound& sound, int rate);  // windowed sinc; the caller says so to the user

}  // namespace gyre
