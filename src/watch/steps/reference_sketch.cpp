// gyre watch reference: what a model sees and answers on validation data, to compare production with.
#include "base/file.hpp"
#include "base/step.hpp"
#include "data/dataset.hpp"
#include "model/sketch.hpp"

namespace gyre {

namespace {

struct Options {
  std::string part = "hold";
  double hold = 0.2;
};

void run(const Options& options, StepContext& context) {
  std::optional<fs::path> labels;
  if (context.has_input("labels")) labels = context.input("labels");
  Dataset data = load_samples(context.input("data"), labels, part_named(options.part), options.hold);
  Predictor predictor(context.input("model"));
  auto& signature = predictor.signature();
  Sketch sketch;
  for (std::size_t i = 0; i < data.samples.size(); i++) {
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped: a reference of a part of the data is none");
    auto& sample = data.samples[i];
    std::string bytes = read_file(data.file(sample)), where = sample.path.string();
    // A series is as long as a whole run: the device sees it window by window, so the reference does.
    if (signature.takes == "series") {
      Series series = decode_series(bytes, where);
      auto steps = static_cast<std::size_t>(std::max<std::int64_t>(signature.samples, 1));
      for (std::size_t end = steps; end <= series.rows(); end += steps) {
        Tensor input = series_tensor(series, signature, end, where);
        sketch.add(signature, input, predictor.to_answer(predictor.session().run({input})));
      }
    } else {
      Tensor input = predictor.to_tensor(bytes, where, nullptr);
      sketch.add(signature, input, predictor.to_answer(predictor.session().run({input})));
    }
    if (i % 20 == 0) context.progress(double(i), double(data.samples.size()), "samples");
  }

  write_file(context.output("sketch"), canonical(sketch.to_json()));
  context.metric("answers", double(sketch.count));
}

}  // namespace

extern const Step step_reference_sketch;
const Step step_reference_sketch =
    step<Options>({.name = "reference-sketch",
                   .command = "watch reference",
                   .group = "watch",
                   .title = "Sketch what is normal",
                   .help = "Lets a model answer validation data and sketches what it sees: what production is compared "
                           "with.\n\nThe sketch "
                           "is set with PUT /api/watch/modules/MODULE/reference.",
                   .inputs = {{"model", "model", "the ONNX file"},
                              {"data", "any", "the data set: pictures, sounds or series"},
                              {"labels", "labels", "when given, samples without a label are left out", true}},
                   .outputs = {{"sketch", "report", "the sketch"}}},
                  {field("part", &Options::part, "which part is sketched", {.choices = {"hold", "train", "all"}}),
                   field("hold", &Options::hold, "share that is held back for validation", {.min = 0, .max = 0.9})},
                  run);

}  // namespace gyre
