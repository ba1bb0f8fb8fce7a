#include "nets/train_life.hpp"

#include <cmath>

#include "base/file.hpp"
#include "learn/life.hpp"
#include "nets/export.hpp"
#include "nets/picture_net.hpp"
#include "nets/series_windows.hpp"

namespace gyre {

namespace {

using Integers = std::vector<std::int64_t>;

json::object to_json(const TrainLife& options) {
  return {{"hold", options.hold},   {"steps", options.steps}, {"stride", options.stride},
          {"most", options.most},   {"check", options.check}, {"epochs", options.epochs},
          {"batch", options.batch}, {"rate", options.rate},   {"patience", options.patience},
          {"seed", options.seed}};
}

// Three strided convolutions along time see how the readings move, each channel's mean where they stand; both together
// give the share of the longest life that is left.
struct LifeNetImpl : torch::nn::Module {
  explicit LifeNetImpl(std::int64_t columns) {
    std::int64_t in = columns;
    for (std::int64_t out : {16, 24, 32}) {
      convolutions.push_back(
          register_module("convolution" + std::to_string(convolutions.size()),
                          torch::nn::Conv1d(torch::nn::Conv1dOptions(in, out, 7).stride(3).padding(3))));
      in = out;
    }
    wide = register_module("wide", torch::nn::Linear(in + columns, 32));
    answer = register_module("answer", torch::nn::Linear(32, 1));
  }
  torch::Tensor forward(const Scaling::Scaled& windows) {  // [n], 0 .. 1
    torch::Tensor value = windows.values.transpose(1, 2);
    for (auto& convolution : convolutions) value = torch::relu(convolution->forward(value));
    torch::Tensor means = windows.values.sum(1) / windows.known.sum(1).clamp_min(1);
    value = torch::relu(wide->forward(torch::cat({value.mean(2), means}, 1)));
    return torch::sigmoid(answer->forward(value)).squeeze(1);
  }
  std::string write(GraphBuilder& graph, const Scaling::Written& windows) const {
    std::string value = graph.node("Transpose", {windows.values}, {{"perm", Integers{0, 2, 1}}});
    for (auto& convolution : convolutions)
      value = graph.node(
          "Relu", {graph.node("Conv",
                              {value, graph.constant(to_tensor(convolution->weight)),
                               graph.constant(to_tensor(convolution->bias))},
                              {{"kernel_shape", Integers{7}}, {"strides", Integers{3}}, {"pads", Integers{3, 3}}})});
    value = graph.node("ReduceMean", {value}, {{"axes", Integers{2}}, {"keepdims", std::int64_t{0}}});
    auto sum = [&](const std::string& of) {
      return graph.node("ReduceSum", {of, graph.constant(Integers{1})}, {{"keepdims", std::int64_t{0}}});
    };
    std::string count = graph.node("Max", {sum(windows.known), graph.constant(1.0f)});
    std::string means = graph.node("Div", {sum(windows.values), count});
    value = graph.node("Concat", {value, means}, {{"axis", std::int64_t{1}}});
    value = graph.node("Relu", {write_linear(graph, value, wide)});
    value = graph.node("Sigmoid", {write_linear(graph, value, answer)});
    return graph.node("Flatten", {value}, {{"axis", std::int64_t{1}}});
  }
  std::vector<torch::nn::Conv1d> convolutions;
  torch::nn::Linear wide{nullptr}, answer{nullptr};
};
TORCH_MODULE(LifeNet);

torch::Tensor shares_left(const SeriesSet& set, const Windows& windows, double most) {
  std::vector<float> shares;
  for (std::size_t i = 0; i < windows.end.size(); i++) {
    double end = set.recordings[windows.recording[i]].time.back();
    shares.push_back(static_cast<float>(remaining_life(end, windows.end[i], most) / most));
  }
  return torch::tensor(shares);
}

Exported write(LifeNet& net, const Scaling& scaling, const Signature& signature, const TrainLife& options,
               const torch::Tensor& windows, const json::object& lineage) {
  torch::NoGradGuard no_gradients;
  GraphBuilder graph("life");
  std::string input =
      graph.input("series", DataType::f32, {1, options.steps, static_cast<std::int64_t>(signature.columns.size())});
  graph.part("pre");
  Scaling::Written scaled = scaling.write(graph, input);
  graph.part("net");
  std::string share = net->write(graph, scaled);
  graph.part("post");
  std::string value = graph.node("Mul", {share, graph.constant(static_cast<float>(options.most))});
  graph.output(graph.node("Squeeze", {value, graph.constant(Integers{1})}), "value", DataType::f32, {1});
  std::vector<Golden> examples;
  std::int64_t count = std::min<std::int64_t>(16, windows.size(0));
  for (std::int64_t i = 0; i < count; i++) {
    torch::Tensor window = windows.narrow(0, i * windows.size(0) / count, 1).clone();
    if (i % 3 == 1) window.slice(1, 0, options.steps / 4).fill_(std::nan(""));
    examples.push_back({{to_tensor(window)}, {to_tensor(net->forward(scaling(window)) * options.most)}});
  }
  return finish_export(graph, signature, lineage, examples);
}

}  // namespace

void train_life(const TrainLife& options, StepContext& context) {
  prepare_torch(context, static_cast<std::uint64_t>(options.seed));
  SeriesSet set = load_series_set(context.input("series"), Part::train, options.hold, {});
  if (set.recordings.size() < 4)
    throw Error(Code::invalid, "only " + std::to_string(set.recordings.size()) + " runs to learn from",
                "remaining life needs at least 4 runs to failure beside those held back");
  Windows windows = cut_windows(set, static_cast<std::size_t>(options.steps), static_cast<std::size_t>(options.stride));
  Cut cut = cut_recordings(windows, options.check, static_cast<std::uint64_t>(options.seed));
  Scaling scaling(windows.take(cut.learn));
  torch::Tensor truth = shares_left(set, windows, options.most);
  torch::Tensor learn_truth = truth.index_select(0, torch::tensor(cut.learn));
  torch::Tensor check_truth = truth.index_select(0, torch::tensor(cut.check));
  Scaling::Scaled learn = scaling(windows.take(cut.learn)), check = scaling(windows.take(cut.check));
  LifeNet net(static_cast<std::int64_t>(set.columns.size()));

  TrainingTask task;
  task.samples = learn.values.size(0);
  task.batch = [&](std::span<const std::int64_t> numbers, BatchChance&) {
    torch::Tensor chosen = tensor_of(numbers);
    return TrainingTask::Batch{learn.values.index_select(0, chosen), learn.known.index_select(0, chosen),
                               learn_truth.index_select(0, chosen)};
  };
  task.loss = [&](const TrainingTask::Batch& batch) {
    return (net->forward({batch[0], batch[1]}) - batch[2]).square().mean();
  };
  task.check = [&] {
    double loss = (net->forward(check) - check_truth).square().mean().item<double>();
    return Quality{loss, {{"check_rmse", std::sqrt(loss) * options.most}}};
  };
  TrainingPlan plan;
  plan.epochs = options.epochs, plan.batch = options.batch, plan.rate = options.rate, plan.patience = options.patience;
  plan.seed = static_cast<std::uint64_t>(options.seed);
  json::object lineage = lineage_of(get_step("train-life"), to_json(options), context);
  plan.fingerprint = canonical(lineage);
  context.say("learning from " + std::to_string(cut.learn.size()) + " windows of " +
              std::to_string(set.recordings.size()) + " runs, checking with " + std::to_string(cut.check.size()));
  TrainingResult result = train(*net, task, plan, context);

  Signature signature = series_signature(set, static_cast<std::size_t>(options.steps));
  signature.task = "regress";
  signature.unit = "s";
  signature.about = "Tells how many seconds are left until failure, " +
                    std::to_string(static_cast<std::int64_t>(options.most)) + " or more counting as that.";
  Exported exported = write(net, scaling, signature, options, windows.take(cut.check), lineage);
  json::object report{{"epochs", result.epochs},
                      {"best_epoch", result.best_epoch},
                      {"stopped", result.stopped},
                      {"seconds", result.seconds},
                      {"runs", set.recordings.size()},
                      {"learned_from", cut.learn.size()},
                      {"checked_with", cut.check.size()},
                      {"check_rmse", std::sqrt(result.best.loss) * options.most},
                      {"onnx_difference", exported.difference}};
  write_file(context.output("report"), pretty(report));
  write_file(context.output("model"), exported.bytes);
  context.metric("onnx_difference", exported.difference);
}

}  // namespace gyre
