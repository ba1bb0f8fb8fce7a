#include "nets/train_images.hpp"

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "learn/metrics.hpp"
#include "nets/augment.hpp"
#include "nets/export.hpp"
#include "nets/image_classifier.hpp"
#include "nets/labelled.hpp"
#include "nets/trainer.hpp"

namespace gyre {

namespace {

json::object to_json(const TrainImages& options) {
  return {{"hold", options.hold},       {"check", options.check}, {"epochs", options.epochs},
          {"batch", options.batch},     {"rate", options.rate},   {"size", options.size},
          {"augment", options.augment}, {"flip", options.flip},   {"patience", options.patience},
          {"seed", options.seed}};
}

Augmentation augmentation_for(const TrainImages& options, const std::vector<std::string>& labels,
                              StepContext& context) {
  Augmentation how;
  if (options.augment == "none") how = {false, 0, 0, 0, 0, 0, 0, 0};
  if (options.augment == "strong") how = {true, 0.1, 0.2, 10, 0.3, 0.12, 0.4, 8};
  how.flip = how.flip && options.flip != "no";
  if (how.flip && options.flip == "auto" && !may_flip(labels)) {
    how.flip = false;
    context.say("a label names a side: mirrored pictures are not used");
  }
  return how;
}

TrainingPlan plan_for(const TrainImages& options, std::int64_t samples, bool goes_on) {
  TrainingPlan plan;
  // Few samples need small batches and more passes to take enough steps.
  plan.batch = static_cast<int>(std::clamp<std::int64_t>(samples / 4, 4, options.batch));
  double batches = std::ceil(static_cast<double>(samples) / plan.batch);
  constexpr double steps = 1300;
  plan.epochs =
      options.epochs ? options.epochs : static_cast<int>(std::clamp(steps / batches, goes_on ? 8.0 : 20.0, 100.0));
  plan.rate = options.rate > 0 ? options.rate : goes_on ? 0.003 : 0.004;
  plan.weight_decay = 0.02;
  plan.patience = options.patience;
  plan.seed = static_cast<std::uint64_t>(options.seed);
  return plan;
}

// The samples as the loop sees them: what is learned from and what is checked.
struct PictureMaterial {
  torch::Tensor pictures, classes;  // of the training side
  torch::Tensor learn_numbers, check_numbers;
  torch::Tensor learn(const torch::Tensor& of) const { return of.index_select(0, learn_numbers); }
  torch::Tensor check(const torch::Tensor& of) const { return of.index_select(0, check_numbers); }
};

PictureMaterial load_material(const Dataset& dataset, PictureSize size, const TrainImages& options,
                              StepContext& context) {
  context.progress(0, 1, "reading " + std::to_string(dataset.samples.size()) + " pictures");
  PictureMaterial material{load_pictures(dataset, size), load_classes(dataset), {}, {}};
  std::span<const std::int64_t> classes(material.classes.data_ptr<std::int64_t>(), dataset.samples.size());
  Cut cut = cut_for_check(classes, options.check, static_cast<std::uint64_t>(options.seed));
  if (cut.check.empty()) {
    context.say("too few pictures to check with: what was learned is checked on itself, which flatters");
    cut.check = cut.learn;
  }
  material.learn_numbers = torch::tensor(cut.learn);
  material.check_numbers = torch::tensor(cut.check);
  return material;
}

// Rare classes count as much as frequent ones, up to a bound.
torch::Tensor weights_of_classes(const torch::Tensor& classes, std::int64_t count) {
  torch::Tensor counts = torch::bincount(classes, {}, count).to(torch::kFloat);
  torch::Tensor weights = (counts.sum() / counts.clamp_min(1) / static_cast<double>(count)).clamp(0.2, 5);
  return weights * (counts > 0);
}

TrainingTask task_for(ImageClassifier& model, const PictureMaterial& material, const Augmentation& how) {
  namespace F = torch::nn::functional;
  torch::Tensor classes = material.learn(material.classes);
  torch::Tensor weights = weights_of_classes(classes, static_cast<std::int64_t>(model.labels.size()));
  TrainingTask task;
  task.samples = classes.size(0);
  task.batch = [&material, how](std::span<const std::int64_t> numbers, BatchChance& chance) {
    torch::Tensor chosen = material.learn_numbers.index_select(0, tensor_of(numbers));
    return TrainingTask::Batch{augmented(material.pictures.index_select(0, chosen), how, chance),
                               material.classes.index_select(0, chosen)};
  };
  task.loss = [&model, weights](const TrainingTask::Batch& batch) {
    torch::Tensor logits = model.net->classifier(model.net->features(batch[0]));
    return F::cross_entropy(logits, batch[1], F::CrossEntropyFuncOptions().weight(weights).label_smoothing(0.03));
  };
  task.check = [&model, &material] {
    torch::Tensor truth = material.check(material.classes);
    torch::Tensor logits = model.net->classifier(model.features_of(material.check(material.pictures)));
    double right = (logits.argmax(1) == truth).to(torch::kDouble).mean().item<double>();
    return Quality{F::cross_entropy(logits, truth).item<double>(), {{"check_accuracy", right}}};
  };
  return task;
}

// Inputs with libtorch's answers: what the ONNX file is checked with, the first three become its golden answers. The
// last is of another size than the net's, so that the graph's own resizing is checked too.
std::vector<Golden> examples_of(ImageClassifier& model, const Unlike& unlike, const PictureMaterial& material) {
  torch::NoGradGuard no_gradients;
  std::vector<Golden> examples;
  auto add = [&](const torch::Tensor& rows) {
    torch::Tensor features = model.net->features(centred(resized(rows, model.size)));
    torch::Tensor contiguous = rows.contiguous();
    Tensor input = Tensor::zeros(DataType::u8, {1, rows.size(0), rows.size(1), 3});
    std::memcpy(input.bytes.data(), contiguous.data_ptr(), input.bytes.size());
    examples.push_back(
        {{std::move(input)},
         {to_tensor(torch::softmax(model.net->classifier(features), 1)), to_tensor(unlike.score(features))}});
  };
  torch::Tensor pictures = material.check(material.pictures);
  std::int64_t count = std::min<std::int64_t>(16, pictures.size(0));
  for (std::int64_t i = 0; i < count; i++) add(pictures[i * pictures.size(0) / count].permute({1, 2, 0}));
  add(pictures[0].permute({1, 2, 0}).slice(0, 0, model.size.height - 5).slice(1, 3));
  return examples;
}

json::object report_of(ImageClassifier& model, const PictureMaterial& material, const torch::Tensor& features) {
  torch::NoGradGuard no_gradients;
  torch::Tensor answers = model.net->classifier(features).argmax(1), truth = material.check(material.classes);
  Confusion confusion(model.labels);
  for (std::int64_t i = 0; i < truth.size(0); i++)
    confusion.add(static_cast<std::size_t>(truth[i].item<std::int64_t>()),
                  static_cast<std::size_t>(answers[i].item<std::int64_t>()));
  return confusion.to_json();
}

}  // namespace

void train_images(const TrainImages& options, StepContext& context) {
  prepare_torch(context, static_cast<std::uint64_t>(options.seed));
  Dataset dataset = load_labelled("frames", "pictures", options.hold, context);
  bool goes_on = context.has_input("start");
  PictureSize size = options.size ? PictureSize{std::max(options.size, 32), std::max(options.size, 32)} : PictureSize{};
  if (!goes_on && !options.size) size = fitting_size(dataset);
  ImageClassifier model = goes_on ? ImageClassifier(read_file(context.input("start")), "start", dataset.classes)
                                  : ImageClassifier(size, dataset.classes);
  PictureMaterial material = load_material(dataset, model.size, options, context);
  TrainingPlan plan = plan_for(options, material.learn_numbers.size(0), goes_on);
  json::object lineage = lineage_of(get_step("train-images"), to_json(options), context);
  plan.fingerprint = canonical(lineage);
  context.say("learning from " + std::to_string(material.learn_numbers.size(0)) + " pictures of " +
              std::to_string(model.size.width) + " x " + std::to_string(model.size.height) + ", " +
              std::to_string(dataset.classes.size()) + " classes, checking with " +
              std::to_string(material.check_numbers.size(0)));
  TrainingTask task = task_for(model, material, augmentation_for(options, model.labels, context));
  TrainingResult result = train(*model.net, task, plan, context);

  Unlike unlike(model.features_of(material.learn(material.pictures)), material.learn(material.classes),
                static_cast<std::int64_t>(model.labels.size()));
  torch::Tensor check_features = model.features_of(material.check(material.pictures));
  Signature signature;
  signature.takes = "image";
  signature.task = "classify";
  signature.labels = model.labels;
  signature.threshold = threshold_of(unlike.score(check_features));
  signature.about = "Tells which of " + std::to_string(model.labels.size()) + " classes a picture shows.";
  GraphBuilder graph("pictures");
  model.write(graph, unlike);
  Exported exported = finish_export(graph, signature, lineage, examples_of(model, unlike, material));

  json::object report = report_of(model, material, check_features);
  report["epochs"] = result.epochs;
  report["best_epoch"] = result.best_epoch;
  report["stopped"] = result.stopped;
  report["seconds"] = result.seconds;
  report["learned_from"] = material.learn_numbers.size(0);
  report["checked_with"] = material.check_numbers.size(0);
  report["threshold"] = signature.threshold;
  report["onnx_difference"] = exported.difference;
  write_file(context.output("report"), pretty(report));
  write_file(context.output("weights"), model.weights());
  write_file(context.output("model"), exported.bytes);
  context.metric("onnx_difference", exported.difference);
}

}  // namespace gyre
