#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/process.hpp"
#include "base/step.hpp"
#include "model/predict.hpp"
#include "pack/image.hpp"
#include "pack/libraries.hpp"

namespace gyre {

namespace {

struct Options {
  std::string name;
};

fs::path module_program() {
  fs::path path = own_program().parent_path() / "gyre-module";
  if (!fs::exists(path))
    throw Error(Code::not_found, "the program gyre-module is not beside gyre (" + path.string() + ")",
                "build it, or install the package that has it");
  return path;
}

void run(const Options& options, StepContext& context) {
  if (!is_image_name(options.name))
    throw Error(Code::invalid, "\"" + options.name + "\" cannot be an image's name",
                "lower case letters and digits, joined by . _ - and /");
  fs::path model = context.input("model");
  // What does not give its golden answers here will not give them on a device, and would only fail there.
  Predictor predictor(model);
  double difference = predictor.check_golden();
  if (!(difference <= predictor.golden_tolerance()))
    throw Error(Code::invalid, "the model's answers differ from its golden answers by " + std::to_string(difference),
                "train it again on this machine's ONNX Runtime");
  std::string digest = digest_of_file(model);
  ImageParts parts{.module = context.has_input("runtime") ? context.input("runtime") : module_program(),
                   .opened = {{"libonnxruntime.so.1", loaded_file("libonnxruntime.so")}},
                   .model = model};
  parts.about = {{"name", options.name}, {"model", digest}, {"signature", to_json(predictor.signature())}};
  auto& metadata = predictor.session().metadata();
  if (auto lineage = metadata.find("gyre.lineage"); lineage != metadata.end())
    parts.about["lineage"] = parse_json(lineage->second, "the model's lineage");
  parts.labels = {{"org.opencontainers.image.title", options.name}, {"gyre.model", digest}};
  BuiltImage image = build_image(parts, context.output("package"));
  double bytes = 0;
  for (auto& layer : image.layers) bytes += static_cast<double>(layer.descriptor.size);
  double own = static_cast<double>(image.layers.back().descriptor.size);
  context.metric("image_bytes", bytes);
  context.metric("model_layer_bytes", own);
  context.say("image " + image.manifest.digest.substr(7, 12) + ": " + short_size(bytes) + ", of which " +
              short_size(own) + " is the model's own layer");
}

}  // namespace

extern const Step step_package;
const Step step_package = step<Options>(
    {.name = "package",
     .command = "package",
     .group = "package",
     .title = "Package",
     .help = "Make a container image of a model: its runtime, its libraries as shared layers, the model.",
     .inputs = {{"model", "model", "the ONNX file; its golden answers are checked first"},
                {"runtime", "any", "the program gyre-module; else the one beside gyre", true}},
     .outputs = {{"package", "package", "an OCI image layout; `gyre package push` signs and publishes it"}},
     .also_from = [] { return digest_of_file(module_program()); }},
    {field("name", &Options::name, "name of the image, and of its repository", {.required = true})}, run);

}  // namespace gyre
