#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "base/error.hpp"
#include "base/random.hpp"
#include "media/formats.hpp"
#include "media/image.hpp"
#include "media/sound.hpp"

using namespace gyre;

static Image scene(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      image.pixels.push_back(static_cast<std::uint8_t>(x * 255 / width));
      image.pixels.push_back(static_cast<std::uint8_t>(y * 255 / height));
      image.pixels.push_back(static_cast<std::uint8_t>(x > width / 2 ? 200 : 40));
    }
  return image;
}

static std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.text();
  }
  return "";
}

TEST_CASE("a JPEG comes back nearly as it was, a PNG exactly") {
  Image image = scene(96, 64), jpeg = decode_image(encode_jpeg(image, 95), "a.jpg");
  REQUIRE(jpeg.width == 96);
  REQUIRE(jpeg.height == 64);
  double difference = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i++) difference += std::abs(image.pixels[i] - jpeg.pixels[i]);
  CHECK(difference / double(image.pixels.size()) < 4);
  CHECK(decode_image(encode_png(image), "a.png").pixels == image.pixels);
}

TEST_CASE("a JPEG that was cut off or damaged is refused by name, at every length") {
  std::string whole = encode_jpeg(scene(96, 96));
  for (std::size_t length = 0; length + 2 < whole.size(); length += 97)
    CHECK(error_of([&] { decode_image(whole.substr(0, length), "frames/7.jpg"); }).starts_with("frames/7.jpg: "));
  std::string damaged = whole;
  for (std::size_t i = damaged.size() / 2; i < damaged.size() / 2 + 40; i++) damaged[i] = '\x55';
  damaged[damaged.size() / 2 + 50] = '\xff', damaged[damaged.size() / 2 + 51] = '\xc4';
  CHECK(error_of([&] { decode_image(damaged, "x.jpg"); }).find("broken JPEG") != std::string::npos);
}

TEST_CASE("a PNG that was cut off or damaged is refused") {
  std::string whole = encode_png(scene(40, 30));
  for (std::size_t length = 0; length + 13 < whole.size(); length += 31)
    CHECK(error_of([&] { decode_image(whole.substr(0, length), "a.png"); }).starts_with("a.png: "));
  whole[whole.size() / 2] ^= 0x10;
  CHECK(error_of([&] { decode_image(whole, "a.png"); }).find("broken PNG") != std::string::npos);
}

TEST_CASE("a picture is turned as the camera was held") {
  auto with_orientation = [](std::string jpeg, char value) {
    std::string tiff =
        std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19) + value + std::string(6, '\0');
    std::string segment = std::string("Exif\0\0", 6) + tiff;
    return jpeg.substr(0, 2) + "\xff\xe1" + '\0' + static_cast<char>(segment.size() + 2) + segment + jpeg.substr(2);
  };
  std::string jpeg = encode_jpeg(scene(64, 32), 95);
  CHECK(exif_orientation(jpeg) == 1);
  Image plain = decode_image(jpeg, "a"), turned = decode_image(with_orientation(jpeg, 6), "a");
  REQUIRE(turned.width == 32);
  REQUIRE(turned.height == 64);
  // 6: the top of the scene is at the right: its upper left pixel goes to the upper right corner.
  CHECK(turned.pixels[31 * 3] == plain.pixels[0]);
  CHECK(turned.pixels[0] == plain.pixels[31 * 64 * 3]);
  Image upside = decode_image(with_orientation(jpeg, 3), "a");
  CHECK(upside.pixels[0] == plain.pixels[(32 * 64 - 1) * 3]);
}

TEST_CASE("shrinking averages, a constant stays the same") {
  Image stripes{64, 8, {}};
  for (int i = 0; i < 64 * 8; i++)
    for (int c = 0; c < 3; c++) stripes.pixels.push_back(i % 2 ? 255 : 0);
  Image small = resize(stripes, 8, 2);
  for (auto value : small.pixels) CHECK(std::abs(value - 127) <= 12);
  Image flat{5, 5, std::vector<std::uint8_t>(75, 77)};
  for (auto value : resize(flat, 17, 3).pixels) CHECK(value == 77);
}

static Sound tone(int rate, double hertz, double seconds) {
  Sound sound{rate, {}};
  for (int i = 0; i < rate * seconds; i++)
    sound.samples.push_back(static_cast<float>(0.5 * std::sin(2 * M_PI * hertz * i / rate)));
  return sound;
}

TEST_CASE("a WAV comes back exactly; one cut off is refused with how much is there") {
  Sound sound = tone(16000, 440, 0.25);
  std::string wav = encode_wav(sound);
  Sound back = decode_sound(wav, "a.wav");
  CHECK(back.rate == 16000);
  REQUIRE(back.samples.size() == sound.samples.size());
  for (std::size_t i = 0; i < back.samples.size(); i++)
    REQUIRE(std::abs(back.samples[i] - sound.samples[i]) <= 1.0f / 65536);
  CHECK(encode_wav(back) == wav);
  CHECK(error_of([&] { decode_sound(wav.substr(0, 3000), "a.wav"); }) ==
        "a.wav: cut off: 2956 of 8000 bytes of sound are there");
  CHECK(error_of([&] { decode_sound("not a sound at all", "a.wav"); }).starts_with("a.wav: no sound file"));
}

TEST_CASE("resampling keeps a tone that fits and removes one that does not") {
  for (auto [from, to] : {std::pair{44100, 16000}, {8000, 16000}, {48000, 16000}, {16000, 22050}}) {
    Sound wanted = tone(to, 1000, 0.5), got = resample(tone(from, 1000, 0.5), to);
    REQUIRE(got.rate == to);
    REQUIRE(got.samples.size() == wanted.samples.size());
    for (std::size_t i = 1000; i + 1000 < got.samples.size(); i++)
      REQUIRE(std::abs(got.samples[i] - wanted.samples[i]) < 1e-3f);
  }
  Sound gone = resample(tone(48000, 11000, 0.5), 16000);
  for (std::size_t i = 500; i + 500 < gone.samples.size(); i++) REQUIRE(std::abs(gone.samples[i]) < 2e-3f);
}
