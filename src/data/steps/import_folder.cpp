// gyre gather folder: pictures of a folder become a data set, each byte as it was.
#include <set>

#include "data/dataset.hpp"
#include "data/gather.hpp"
#include "media/image.hpp"

namespace gyre {

namespace {

struct Options {
  std::string corrupt = "stop";
};

void run(const Options& options, StepContext& context) {
  std::set<std::pair<int, int>> sizes;
  auto check = [&](const fs::path& relative, std::string bytes) -> std::vector<Piece> {
    if (!is_image(bytes) && !has_extension(relative, {".jpg", ".jpeg", ".png"})) return {};
    Image image = decode_image(bytes, relative.string());
    sizes.emplace(image.width, image.height);
    return {{relative, std::move(bytes)}};
  };
  fs::path to = context.output("data");
  std::size_t count = gather_files(context, context.input("folder"), to, options.corrupt, check);
  context.metric("samples", double(count));
  auto [width, height] = *sizes.begin();
  context.say(counted(count, "picture", "pictures") +
              (sizes.size() == 1 ? " of " + std::to_string(width) + " x " + std::to_string(height)
                                 : " of " + std::to_string(sizes.size()) + " sizes"));
  say_all(context, load_samples(to, std::nullopt, Part::all, 0).findings);
}

}  // namespace

extern const Step step_import_folder;
const Step step_import_folder = step<Options>(
    {.name = "import-folder",
     .command = "gather folder",
     .group = "data",
     .title = "Gather pictures from a folder",
     .help = "Takes the JPEG and PNG files of a folder and those below it as a data set.\n\nEvery picture is decoded "
             "once; a "
             "damaged one is named. The folder's names stay: `gyre label folder` makes labels of them.",
     .inputs = {{"folder", "any", "the folder to take"}},
     .outputs = {{"data", "images", "the pictures, bytes and names as they were"}}},
    {field("corrupt", &Options::corrupt, "what to do with files that cannot be read", {.choices = corrupt_choices})},
    run);

}  // namespace gyre
