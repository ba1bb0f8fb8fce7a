#include "nets/train_sounds.hpp"

#include <algorithm>
#include <cmath>

#include "base/file.hpp"
#include "data/dataset.hpp"
#include "learn/metrics.hpp"
#include "media/sound.hpp"
#include "nets/export.hpp"
#include "nets/labelled.hpp"
#include "nets/picture_net.hpp"
#include "nets/sound_net.hpp"
#include "nets/trainer.hpp"
#include "nets/unlike.hpp"

namespace gyre {

namespace {

namespace F = torch::nn::functional;

json::object to_json(const TrainSounds& options) {
  return {{"hold", options.hold},       {"check", options.check},       {"epochs", options.epochs},
          {"batch", options.batch},     {"rate", options.rate},         {"sample-rate", options.sample_rate},
          {"seconds", options.seconds}, {"patience", options.patience}, {"seed", options.seed}};
}

struct SoundMaterial {
  torch::Tensor sounds;    // f32 [n, samples] of the training side
  torch::Tensor pictures;  // their log-mel
  torch::Tensor classes;
  torch::Tensor learn, check;  // numbers of the samples
};

torch::Tensor load_sounds(const Dataset& dataset, const TrainSounds& options, StepContext& context) {
  auto length = static_cast<std::int64_t>(std::lround(options.seconds * options.sample_rate));
  torch::Tensor sounds = torch::zeros({static_cast<std::int64_t>(dataset.samples.size()), length});
  std::int64_t resampled = 0, cut = 0, number = 0;
  for (auto& sample : dataset.samples) {
    Sound sound = decode_sound(read_file(dataset.file(sample)), sample.path.string());
    if (sound.rate != options.sample_rate) sound = resample(sound, options.sample_rate), resampled++;
    auto have = static_cast<std::int64_t>(sound.samples.size());
    if (have != length) cut++;
    std::copy_n(sound.samples.begin(), std::min(have, length), sounds[number].data_ptr<float>());
    if (++number % 100 == 0)
      context.progress(0, 1, "reading sounds: " + std::to_string(number) + " of " + std::to_string(sounds.size(0)));
  }
  if (resampled)
    context.say(std::to_string(resampled) + " sounds were resampled to " + std::to_string(options.sample_rate) + " Hz");
  if (cut) context.say(std::to_string(cut) + " sounds were cut or filled up to the model's length");
  return sounds;
}

SoundMaterial load_material(const Dataset& dataset, const LogMel& log_mel, const TrainSounds& options,
                            StepContext& context) {
  SoundMaterial material;
  material.sounds = load_sounds(dataset, options, context);
  std::vector<torch::Tensor> pictures;
  for (auto& batch : material.sounds.split(64)) pictures.push_back(log_mel(batch));
  material.pictures = torch::cat(pictures);
  std::vector<std::int64_t> classes;
  for (auto& sample : dataset.samples) classes.push_back(static_cast<std::int64_t>(dataset.class_of(sample)));
  material.classes = torch::tensor(classes);
  Cut cut = cut_for_check(classes, options.check, static_cast<std::uint64_t>(options.seed));
  if (cut.check.empty()) {
    context.say("too few sounds to check with: what was learned is checked on itself, which flatters");
    cut.check = cut.learn;
  }
  material.learn = torch::tensor(cut.learn);
  material.check = torch::tensor(cut.check);
  return material;
}

// Louder or softer, a shift in time, a band and a moment that are covered.
torch::Tensor varied(torch::Tensor pictures, Random& random) {
  pictures = pictures.clone();
  std::int64_t bands = pictures.size(2), frames = pictures.size(3);
  for (std::int64_t i = 0; i < pictures.size(0); i++) {
    torch::Tensor one =
        pictures[i].roll(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(frames))), 2);
    one += random.uniform(-1.2, 1.2);
    double mean = one.mean().item<double>();
    auto cover = [&](int dimension, std::int64_t size, std::uint64_t most) {
      auto width = static_cast<std::int64_t>(random.below(most));
      auto from = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size - width)));
      one.narrow(dimension, from, width).fill_(mean);
    };
    cover(1, bands, static_cast<std::uint64_t>(bands / 8));
    cover(2, frames, static_cast<std::uint64_t>(frames / 6));
    pictures[i].copy_(one);
  }
  return pictures;
}

TrainingTask task_for(SoundNet& net, const SoundMaterial& material) {
  TrainingTask task;
  task.samples = material.learn.size(0);
  task.batch = [&material](std::span<const std::int64_t> numbers, BatchChance& chance) {
    torch::Tensor chosen = material.learn.index_select(0, tensor_of(numbers));
    return TrainingTask::Batch{varied(material.pictures.index_select(0, chosen), chance.random),
                               material.classes.index_select(0, chosen)};
  };
  task.loss = [&net](const TrainingTask::Batch& batch) {
    torch::Tensor logits = net->classifier(net->features(batch[0]));
    return F::cross_entropy(logits, batch[1], F::CrossEntropyFuncOptions().label_smoothing(0.03));
  };
  task.check = [&net, &material] {
    torch::Tensor truth = material.classes.index_select(0, material.check);
    torch::Tensor logits = net->classifier(net->features(material.pictures.index_select(0, material.check)));
    double right = (logits.argmax(1) == truth).to(torch::kDouble).mean().item<double>();
    return Quality{F::cross_entropy(logits, truth).item<double>(), {{"check_accuracy", right}}};
  };
  return task;
}

// What "unlike" is told by: what the net has learned to see, and what the bands are like whatever it has learned.
torch::Tensor telling(SoundNet& net, const torch::Tensor& pictures) {
  torch::NoGradGuard no_gradients;
  std::vector<torch::Tensor> rows;
  for (auto& batch : pictures.split(64)) rows.push_back(torch::cat({net->features(batch), band_statistics(batch)}, 1));
  return torch::cat(rows);
}

std::vector<Golden> examples_of(SoundNet& net, const LogMel& log_mel, const Unlike& unlike,
                                const SoundMaterial& material) {
  torch::NoGradGuard no_gradients;
  std::vector<Golden> examples;
  std::int64_t count = std::min<std::int64_t>(16, material.check.size(0));
  for (std::int64_t i = 0; i < count; i++) {
    std::int64_t number = material.check[i * material.check.size(0) / count].item<std::int64_t>();
    torch::Tensor sound = material.sounds.narrow(0, number, 1), picture = log_mel(sound);
    torch::Tensor probabilities = torch::softmax(net->classifier(net->features(picture)), 1);
    examples.push_back(
        {{to_tensor(sound)}, {to_tensor(probabilities), to_tensor(unlike.score(telling(net, picture)))}});
  }
  return examples;
}

void write_graph(GraphBuilder& graph, SoundNet& net, const LogMel& log_mel, const Unlike& unlike,
                 const Signature& signature) {
  auto labels = static_cast<std::int64_t>(signature.labels.size());
  std::string sound = graph.input("sound", DataType::f32, {1, signature.samples});
  graph.part("pre");
  std::string picture = log_mel.write(graph, sound);
  graph.part("net");
  std::string features = net->write_features(graph, picture);
  graph.part("post");
  std::string probabilities =
      graph.node("Softmax", {write_linear(graph, features, net->classifier)}, {{"axis", std::int64_t{1}}});
  std::string telling =
      graph.node("Concat", {features, write_band_statistics(graph, picture)}, {{"axis", std::int64_t{1}}});
  graph.output(probabilities, "probabilities", DataType::f32, {1, labels});
  graph.output(unlike.write(graph, telling), "score", DataType::f32, {1});
}

json::object report_of(SoundNet& net, const SoundMaterial& material, const std::vector<std::string>& labels) {
  torch::NoGradGuard no_gradients;
  torch::Tensor truth = material.classes.index_select(0, material.check);
  torch::Tensor answers = net->classifier(net->features(material.pictures.index_select(0, material.check))).argmax(1);
  Confusion confusion(labels);
  for (std::int64_t i = 0; i < truth.size(0); i++)
    confusion.add(static_cast<std::size_t>(truth[i].item<std::int64_t>()),
                  static_cast<std::size_t>(answers[i].item<std::int64_t>()));
  return confusion.to_json();
}

}  // namespace

void train_sounds(const TrainSounds& options, StepContext& context) {
  prepare_torch(context, static_cast<std::uint64_t>(options.seed));
  Dataset dataset = load_labelled("sounds", "sounds", options.hold, context);
  LogMel log_mel(options.sample_rate);
  SoundMaterial material = load_material(dataset, log_mel, options, context);
  SoundNet net(static_cast<int>(dataset.classes.size()));
  TrainingPlan plan;
  plan.epochs = options.epochs;
  plan.batch = static_cast<int>(std::clamp<std::int64_t>(material.learn.size(0) / 4, 4, options.batch));
  plan.rate = options.rate;
  plan.weight_decay = 0.02;
  plan.patience = options.patience;
  plan.seed = static_cast<std::uint64_t>(options.seed);
  json::object lineage = lineage_of(get_step("train-sounds"), to_json(options), context);
  plan.fingerprint = canonical(lineage);
  context.say("learning from " + std::to_string(material.learn.size(0)) + " sounds, " +
              std::to_string(dataset.classes.size()) + " classes, checking with " +
              std::to_string(material.check.size(0)));
  TrainingResult result = train(*net, task_for(net, material), plan, context);

  Unlike unlike(telling(net, material.pictures.index_select(0, material.learn)),
                material.classes.index_select(0, material.learn), static_cast<std::int64_t>(dataset.classes.size()));
  torch::Tensor scores = unlike.score(telling(net, material.pictures.index_select(0, material.check)));
  Signature signature;
  signature.takes = "sound";
  signature.rate = options.sample_rate;
  signature.samples = material.sounds.size(1);
  signature.task = "classify";
  signature.labels = dataset.classes;
  signature.threshold = threshold_of(scores);
  signature.about = "Tells which of " + std::to_string(dataset.classes.size()) +
                    " classes a sound is of, and how unlike all of them it is.";
  GraphBuilder graph("sounds");
  write_graph(graph, net, log_mel, unlike, signature);
  Exported exported = finish_export(graph, signature, lineage, examples_of(net, log_mel, unlike, material));

  json::object report = report_of(net, material, dataset.classes);
  report["epochs"] = result.epochs;
  report["best_epoch"] = result.best_epoch;
  report["stopped"] = result.stopped;
  report["seconds"] = result.seconds;
  report["learned_from"] = material.learn.size(0);
  report["checked_with"] = material.check.size(0);
  report["threshold"] = signature.threshold;
  report["onnx_difference"] = exported.difference;
  write_file(context.output("report"), pretty(report));
  write_file(context.output("model"), exported.bytes);
  context.metric("onnx_difference", exported.difference);
}

}  // namespace gyre
