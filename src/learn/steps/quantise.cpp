#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "learn/lineage.hpp"
#include "learn/quantised.hpp"

namespace gyre {

extern const Step step_quantise;

namespace {

struct Quantise {
  std::string method = "percentile";
  double percentile = 99.99;
  bool narrow = true;
  int samples = 200;
  double hold = 0.2;
  double loss = 0.02;
};

json::object to_json(const Quantise& options) {
  return {{"method", options.method}, {"percentile", options.percentile},
          {"narrow", options.narrow}, {"samples", options.samples},
          {"hold", options.hold},     {"loss", options.loss}};
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", share * 100);
  return text;
}

// It must not have become worse than allowed: by accuracy where there are labels, else by agreement or difference.
void check_loss(const json::object& report, double allowed) {
  double lost;
  std::string words;
  if (auto accuracy = find_number(report, "accuracy")) {
    double before = get_number(report, "float_accuracy");
    lost = before - *accuracy;
    words = "accuracy fell from " + percent(before) + " to " + percent(*accuracy);
  } else if (auto agreement = find_number(report, "agreement")) {
    lost = 1 - *agreement;
    words = percent(lost) + " of the answers became others";
  } else {
    lost = get_number(report, "difference");
    words = "answers moved by " + percent(lost);
  }
  if (lost > allowed)
    throw Error(Code::conflict, "8-bit integers cost too much: " + words + ", " + percent(allowed) + " may be lost",
                "try --method minmax or more --samples, allow more with --loss, or stay with the float model");
}

void quantise(const Quantise& options, StepContext& context) {
  fs::path model = context.input("model"), data = context.input("data");
  std::optional<fs::path> labels;
  if (context.has_input("labels")) labels = context.input("labels");
  auto training = load_samples(data, labels, Part::train, options.hold);
  auto lineage = lineage_of(step_quantise, to_json(options), context);
  auto bytes = quantised_model(model, training, static_cast<std::size_t>(options.samples),
                               {options.method, options.percentile, options.narrow}, lineage, context);
  double speed_up = 0;
  auto report = compare_models(model, bytes, load_samples(data, labels, Part::hold, options.hold), context, &speed_up);
  for (auto& member : report)
    if (member.key() != "samples") context.metric(member.key(), member.value().to_number<double>());
  context.metric("speed_up", speed_up);
  auto bytes_before = static_cast<double>(fs::file_size(model));
  context.say(short_size(bytes_before) + " became " + short_size(static_cast<double>(bytes.size())));
  if (speed_up < 1.05) context.say("it is not quicker here: most of the time goes into what stays float");
  check_loss(report, options.loss);
  report["model"] = digest_of(bytes);
  report["bytes"] = bytes.size();
  write_file(context.output("model"), bytes);
  write_file(context.output("report"), canonical(report));
}

}  // namespace

const Step step_quantise = step<Quantise>(
    {.name = "quantise",
     .command = "model quantise",
     .group = "model",
     .title = "Quantise to 8 bits",
     .help = "Makes a model's net compute in 8-bit integers: a quarter of the size and quicker.\n\n"
             "Ranges are learned from samples of the training side; the held-back part tells what it cost. Pre- and "
             "post-processing stay float. More than --loss of accuracy lost is an error.",
     .version = 2,
     .inputs = {{"model", "model", "the float ONNX file"},
                {"data", "any", "the data set that it was trained on"},
                {"labels", "labels", "what is right; without it the answers are compared with the float model's",
                 true}},
     .outputs = {{"model", "model", "the ONNX file in 8 bits"},
                 {"report", "report", "its own accuracy and the float model's"}}},
    {field("method", &Quantise::method, "how ranges are chosen: without rare outliers, or everything seen",
           {.choices = {"percentile", "minmax"}}),
     field("percentile", &Quantise::percentile, "share of values within the range", {.min = 90, .max = 100}),
     field("narrow", &Quantise::narrow, "weights of 7 bits: sums of full ones overflow on x86 processors without VNNI"),
     field("samples", &Quantise::samples, "how many to learn the ranges from", {.min = 1, .max = 100000}),
     field("hold", &Quantise::hold, "part held back for validation, chosen by content", {.min = 0.01, .max = 0.9}),
     field("loss", &Quantise::loss, "accuracy that may be lost", {.min = 0, .max = 1})},
    quantise);

}  // namespace gyre
