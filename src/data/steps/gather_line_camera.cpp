#include <cstdio>

#include "base/file.hpp"
#include "base/step.hpp"
#include "data/line/camera.hpp"

namespace gyre {

namespace {

struct Camera {
  std::int64_t frames = 2500;
  std::string condition = "day";
  std::int64_t seed = 1;
};

void gather(const Camera& options, StepContext& context) {
  fs::path folder = context.output("frames");
  for (auto name : bottle_names) make_folders(folder / name);
  Light light = options.condition == "day" ? Light::day : Light::evening;
  for (std::int64_t i = 0; i < options.frames && !context.stop_requested(); i++) {
    auto bottle = static_cast<Bottle>(static_cast<std::size_t>(i) % bottle_names.size());
    CameraFrame frame =
        camera_frame(static_cast<std::uint64_t>(options.seed), static_cast<std::uint64_t>(i), light, bottle);
    char name[64];
    std::snprintf(name, sizeof name, "%06lld.jpg", static_cast<long long>(i));
    write_output(folder / name_of(bottle) / name, frame.jpeg);
    if (i % 50 == 0) context.progress(static_cast<double>(i), static_cast<double>(options.frames), "frames");
  }
}

}  // namespace

extern const Step step_gather_line_camera;
const Step step_gather_line_camera = step<Camera>(
    {.name = "gather-line-camera",
     .command = "gather line camera",
     .group = "data",
     .title = "Gather: the demo line's camera",
     .help =
         "Renders frames of a bottling line (JPEG, 96x96), a folder for each state of a bottle.\n\n"
         "good, no_cap, low_fill, crooked_label, dented; as many of each. The evening is what production meets only "
         "later: dim, warm, glaring, blurred by motion.",
     .outputs = {{"frames", "images", "a folder for each state, frames named by number"}}},
    {field("frames", &Camera::frames, "how many frames", {.min = 1, .max = 10'000'000}),
     field("condition", &Camera::condition, "the light", {.choices = {"day", "evening"}}),
     field("seed", &Camera::seed, "the same seed gives the same frames", {.min = 0})},
    gather);

}  // namespace gyre
