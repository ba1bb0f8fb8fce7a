// Plays the demo line's camera in front of real devices: frames go into the devices' input folders as a driver would
// put them there. What is true of each frame is kept as a layer of labels.
#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/http_environment.hpp"
#include "base/step.hpp"
#include "data/labels.hpp"
#include "data/line/camera.hpp"

namespace gyre {

namespace {

struct Drive {
  std::vector<std::string> devices;
  std::string folder;
  std::string module = "bottle";
  std::string image;
  std::string condition = "day";
  std::int64_t frames = 100;
  std::int64_t seed = 1;
};

constexpr std::size_t queue_length = 20;  // files that wait in front of a module at most, as behind a real camera

json::value ask(const std::string& path) {
  const char* url = std::getenv("GYRE_URL");
  if (!url) throw Error(Code::unavailable, "driving the line needs a server", "start one with `gyre up`");
  Response response = http_request("GET", url + path, {}, {}, http_options_from_environment());
  if (response.status != 200)
    throw Error(Code::unavailable, path + ": the server answered " + std::to_string(response.status), response.body);
  return parse_json(response.body, path);
}

void pause(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

// Until each device says that the module runs from this image.
void wait_for_devices(const Drive& drive, StepContext& context) {
  for (double until = seconds_since_start() + 120;;) {
    std::string missing;
    for (auto& device : drive.devices) {
      json::value twin = ask("/api/devices/" + device);
      auto* reported = find(twin, "reported");
      auto* modules = reported ? find(*reported, "modules") : nullptr;
      auto* module = modules ? find(*modules, drive.module) : nullptr;
      if (!module || string_or(*module, "state", "") != "running" || string_or(*module, "image", "") != drive.image)
        missing = device;
    }
    if (missing.empty()) return;
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped while waiting for the devices");
    if (seconds_since_start() > until)
      throw Error(Code::unavailable, missing + " does not run " + drive.image,
                  "`gyre device show " + missing + "` says what it does");
    pause(100);
  }
}

std::int64_t answered(const Drive& drive, std::int64_t since) {
  std::int64_t count = 0;
  json::value answer =
      ask("/api/watch/windows?limit=100000&module=" + drive.module + "&since=" + std::to_string(since));
  for (auto& window : answer.at("windows").as_array()) count += get_int(window, "count");
  return count;
}

// How many samples wait to be labelled, once no more come.
std::int64_t settled_queue(const Drive& drive) {
  std::int64_t count = -1;
  for (int quiet = 0; quiet < 15; pause(100)) {
    std::int64_t now = get_int(ask("/api/queue?limit=1&module=" + drive.module).at("counts").as_object(), "waiting");
    quiet = now == count ? quiet + 1 : 0;
    count = now;
  }
  return count;
}

void run(const Drive& drive, StepContext& context) {
  if (drive.devices.empty()) throw Error(Code::invalid, "no device to drive");
  wait_for_devices(drive, context);
  std::int64_t since = now_ms();
  Light light = drive.condition == "day" ? Light::day : Light::evening;
  Labels truth;
  for (auto name : bottle_names) truth.declare(std::string(name));
  std::vector<std::int64_t> given(drive.devices.size());
  std::int64_t total = drive.frames * static_cast<std::int64_t>(drive.devices.size()), done = 0;
  while (done < total && !context.stop_requested()) {
    bool idle = true;
    for (std::size_t d = 0; d < drive.devices.size(); d++) {
      fs::path input = fs::path(drive.folder) / drive.devices[d] / "state" / "input" / "camera";
      make_folders(input);
      std::size_t waiting = static_cast<std::size_t>(std::distance(fs::directory_iterator(input), {}));
      while (given[d] < drive.frames && waiting++ < queue_length) {
        std::int64_t number = static_cast<std::int64_t>(d) * drive.frames + given[d];
        CameraFrame frame =
            camera_frame(static_cast<std::uint64_t>(drive.seed), static_cast<std::uint64_t>(number), light);
        truth.of[digest_of(frame.jpeg)] = {std::string(name_of(frame.truth)), "generator", ""};
        char name[64];
        std::snprintf(name, sizeof name, "%s-%lld-%06lld.jpg", drive.condition.c_str(),
                      static_cast<long long>(drive.seed), static_cast<long long>(number));
        FileHandle part = open_file(input / (std::string(name) + ".part"), O_WRONLY | O_CREAT | O_TRUNC);
        write_all(part.get(), frame.jpeg, name);
        fs::rename(input / (std::string(name) + ".part"), input / name);
        given[d]++, done++;
        idle = false;
      }
    }
    context.progress(static_cast<double>(done), static_cast<double>(total), "frames");
    if (idle) pause(5);
  }
  std::int64_t seen = 0;
  for (double until = seconds_since_start() + 60; (seen = answered(drive, since)) < done; pause(100)) {
    if (seconds_since_start() > until)
      throw Error(Code::unavailable, "only " + std::to_string(seen) + " of " + std::to_string(done) +
                                         " frames were answered within a minute");
    if (context.stop_requested()) break;
  }
  json::value drift = ask("/api/watch/modules/" + drive.module + "/drift?image=" + drive.image +
                          "&answers=" + std::to_string(seen) + "&since=" + std::to_string(since));
  write_file(context.output("labels"), to_text(truth));
  write_file(context.output("report"), canonical({{"frames", done},
                                                  {"answered", seen},
                                                  {"condition", drive.condition},
                                                  {"drift", drift},
                                                  {"waiting", settled_queue(drive)}}));
  context.metric("frames", static_cast<double>(done));
}

}  // namespace

extern const Step step_drive_line;
const Step step_drive_line =
    step<Drive>({.name = "drive-line",
                 .command = "drive line",
                 .group = "fleet",
                 .title = "Drive the demo line",
                 .help = "Plays the demo line's camera in front of devices whose agents run on this machine.",
                 .outputs = {{"labels", "labels", "what is true of each frame"},
                             {"report", "report", "frames given and answered"}}},
                {field("devices", &Drive::devices, "devices, by name", {.required = true}),
                 field("folder", &Drive::folder, "folder with a folder for each device", {.required = true}),
                 field("module", &Drive::module, "module that answers"),
                 field("image", &Drive::image, "image that the module shall run", {.required = true}),
                 field("condition", &Drive::condition, "light", {.choices = {"day", "evening"}}),
                 field("frames", &Drive::frames, "frames for each device", {.min = 1, .max = 1'000'000}),
                 field("seed", &Drive::seed, "the same seed gives the same frames", {.min = 0})},
                run);

}  // namespace gyre
