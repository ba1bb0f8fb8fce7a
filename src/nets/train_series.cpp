#include "nets/train_series.hpp"

#include <cmath>

#include "base/file.hpp"
#include "nets/export.hpp"
#include "nets/picture_net.hpp"
#include "nets/series_windows.hpp"
#include "nets/unlike.hpp"

namespace gyre {

namespace {

json::object to_json(const TrainSeries& options) {
  return {{"steps", options.steps}, {"stride", options.stride}, {"check", options.check},
          {"usual", options.usual}, {"margin", options.margin}, {"epochs", options.epochs},
          {"batch", options.batch}, {"rate", options.rate},     {"patience", options.patience},
          {"seed", options.seed}};
}

// Through a narrow place and back: what does not go together does not come back.
struct AutoEncoderImpl : torch::nn::Module {
  AutoEncoderImpl(std::int64_t steps, std::int64_t columns) {
    std::int64_t size = steps * columns, wide = std::clamp<std::int64_t>(size / 3, 32, 256);
    std::int64_t narrow = std::clamp<std::int64_t>(2 * columns, 4, 32);
    for (auto [in, out] : {std::pair{2 * size, wide}, {wide, narrow}, {narrow, wide}, {wide, size}})
      layers.push_back(register_module("layer" + std::to_string(layers.size()), torch::nn::Linear(in, out)));
  }
  torch::Tensor forward(const Scaling::Scaled& windows) {
    torch::Tensor value = torch::cat({windows.values.flatten(1), windows.known.flatten(1)}, 1);
    for (std::size_t i = 0; i < layers.size(); i++) {
      value = layers[i]->forward(value);
      if (i % 2 == 0) value = torch::relu(value);
    }
    return value.view(windows.values.sizes());
  }
  std::string write(GraphBuilder& graph, const Scaling::Written& windows, std::int64_t steps,
                    std::int64_t columns) const {
    std::string value =
        graph.node("Concat", {graph.node("Flatten", {windows.values}), graph.node("Flatten", {windows.known})},
                   {{"axis", std::int64_t{1}}});
    for (std::size_t i = 0; i < layers.size(); i++) {
      value = write_linear(graph, value, layers[i]);
      if (i % 2 == 0) value = graph.node("Relu", {value});
    }
    return graph.node("Reshape", {value, graph.constant(std::vector<std::int64_t>{1, steps, columns})});
  }
  std::vector<torch::nn::Linear> layers;
};
TORCH_MODULE(AutoEncoder);

// Each channel's root mean square distance over its known readings [n, columns]; 0 where none is known.
torch::Tensor distances(const torch::Tensor& restored, const Scaling::Scaled& windows) {
  torch::Tensor squares = ((restored - windows.values) * windows.known).square().sum(1);
  return (squares / windows.known.sum(1).clamp_min(1)).sqrt();
}

// The learner sees windows with gaps as they come: a channel missing for a while, now and then a whole one.
Scaling::Scaled with_gaps(Scaling::Scaled windows, Random& random) {
  windows.known = windows.known.clone();
  std::int64_t steps = windows.known.size(1), columns = windows.known.size(2);
  auto known = windows.known.accessor<float, 3>();
  for (std::int64_t i = 0; i < windows.known.size(0); i++) {
    if (!random.chance(0.5)) continue;
    auto column = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(columns)));
    auto length =
        random.chance(0.1) ? steps : 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(steps / 2)));
    // Gaps come in at the window's end and go out at its start.
    auto from = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(steps + length - 1))) - length + 1;
    bool all = random.chance(0.15);
    for (std::int64_t step = std::max<std::int64_t>(0, from); step < std::min(steps, from + length); step++)
      for (std::int64_t c = all ? 0 : column; c < (all ? columns : column + 1); c++) known[i][step][c] = 0;
  }
  windows.values = windows.values * windows.known;
  return windows;
}

class Trainer {
 public:
  Trainer(const TrainSeries& options, const SeriesSet& set, StepContext& context)
      : options_(options),
        set_(set),
        context_(context),
        windows_(cut_windows(set, static_cast<std::size_t>(options.steps), static_cast<std::size_t>(options.stride))),
        cut_(cut_recordings(windows_, options.check, static_cast<std::uint64_t>(options.seed))),
        scaling_(windows_.take(cut_.learn)),
        learn_(scaling_(windows_.take(cut_.learn))),
        check_(scaling_(windows_.take(cut_.check))),
        net_(options.steps, static_cast<std::int64_t>(set.columns.size())) {}

  void run() {
    json::object lineage = lineage_of(get_step("train-series"), to_json(options_), context_);
    TrainingResult result = learn(canonical(lineage));
    double threshold = find_threshold();

    Signature signature = series_signature(set_, static_cast<std::size_t>(options_.steps));
    signature.task = "anomaly";
    signature.threshold = threshold;
    signature.about = "Tells how far the worst of " + std::to_string(set_.columns.size()) +
                      " channels is from what is usual (1: as usual).";
    Exported exported = write(signature, lineage);
    json::object report{{"epochs", result.epochs},
                        {"best_epoch", result.best_epoch},
                        {"stopped", result.stopped},
                        {"seconds", result.seconds},
                        {"learned_from", learn_.values.size(0)},
                        {"checked_with", check_.values.size(0)},
                        {"check_loss", result.best.loss},
                        {"threshold", threshold},
                        {"onnx_difference", exported.difference}};
    write_file(context_.output("report"), pretty(report));
    write_file(context_.output("model"), exported.bytes);
    context_.metric("threshold", threshold);
    context_.metric("onnx_difference", exported.difference);
  }

 private:
  TrainingResult learn(std::string fingerprint) {
    context_.say("learning from " + std::to_string(cut_.learn.size()) + " windows of " +
                 std::to_string(options_.steps) + " readings of " + std::to_string(set_.columns.size()) +
                 " channels, checking with " + std::to_string(cut_.check.size()));
    TrainingTask task;
    task.samples = learn_.values.size(0);
    task.batch = [this](std::span<const std::int64_t> numbers, BatchChance& chance) {
      torch::Tensor chosen = tensor_of(numbers);
      Scaling::Scaled whole{learn_.values.index_select(0, chosen), learn_.known.index_select(0, chosen)};
      Scaling::Scaled gaps = with_gaps(whole, chance.random);
      return TrainingTask::Batch{gaps.values, gaps.known, whole.values, whole.known};
    };
    task.loss = [this](const TrainingTask::Batch& batch) {
      return loss_of(net_->forward({batch[0], batch[1]}), {batch[2], batch[3]});
    };
    task.check = [this] { return Quality{loss_of(net_->forward(check_), check_).item<double>(), {}}; };
    TrainingPlan plan;
    plan.epochs = options_.epochs, plan.batch = options_.batch, plan.rate = options_.rate;
    plan.patience = options_.patience, plan.seed = static_cast<std::uint64_t>(options_.seed);
    plan.fingerprint = std::move(fingerprint);
    return train(*net_, task, plan, context_);
  }

  // What is usual is told by normal windows that were not learned from, whole and with the gaps that devices will meet.
  double find_threshold() {
    torch::NoGradGuard no_gradients;
    Random random(static_cast<std::uint64_t>(options_.seed));
    Scaling::Scaled gaps = with_gaps(check_, random);
    Scaling::Scaled both{torch::cat({check_.values, gaps.values}), torch::cat({check_.known, gaps.known})};
    // By channel, since some are told far more exactly than others: each reaches 1 equally seldom.
    torch::Tensor away = distances(net_->forward(both), both);
    usual_ = torch::quantile(away, options_.usual, 0).clamp_min(1e-3);
    return threshold_of(scores(both), options_.usual) * options_.margin;
  }

  static torch::Tensor loss_of(const torch::Tensor& restored, const Scaling::Scaled& whole) {
    return ((restored - whole.values) * whole.known).square().sum() / whole.known.sum().clamp_min(1);
  }

  torch::Tensor scores(const Scaling::Scaled& windows) {
    torch::NoGradGuard no_gradients;
    return std::get<0>((distances(net_->forward(windows), windows) / usual_).max(1));
  }

  Exported write(const Signature& signature, const json::object& lineage) {
    using Integers = std::vector<std::int64_t>;
    torch::NoGradGuard no_gradients;
    auto columns = static_cast<std::int64_t>(set_.columns.size());
    GraphBuilder graph("series");
    std::string input = graph.input("series", DataType::f32, {1, options_.steps, columns});
    graph.part("pre");
    Scaling::Written windows = scaling_.write(graph, input);
    graph.part("net");
    std::string restored = net_->write(graph, windows, options_.steps, columns);
    graph.part("post");
    std::string away = graph.node("Mul", {graph.node("Sub", {restored, windows.values}), windows.known});
    auto sum = [&](const std::string& of) {
      return graph.node("ReduceSum", {of, graph.constant(Integers{1})}, {{"keepdims", std::int64_t{0}}});
    };
    std::string count = graph.node("Max", {sum(windows.known), graph.constant(1.0f)});
    std::string distance = graph.node("Sqrt", {graph.node("Div", {sum(graph.node("Mul", {away, away})), count})});
    std::string relative = graph.node("Div", {distance, graph.constant(to_tensor(usual_))});
    std::string score = graph.node("ReduceMax", {relative}, {{"axes", Integers{1}}, {"keepdims", std::int64_t{0}}});
    graph.output(score, "score", DataType::f32, {1});
    return finish_export(graph, signature, lineage, examples());
  }

  // Some of the checked windows, the last ones with readings taken away.
  std::vector<Golden> examples() {
    std::vector<Golden> examples;
    auto count = std::min<std::int64_t>(16, static_cast<std::int64_t>(cut_.check.size()));
    for (std::int64_t i = 0; i < count; i++) {
      std::int64_t number =
          cut_.check[static_cast<std::size_t>(i) * cut_.check.size() / static_cast<std::size_t>(count)];
      torch::Tensor window = windows_.values.narrow(0, number, 1).clone();
      if (i % 3 == 1) window.slice(1, 0, options_.steps / 4).select(2, i % window.size(2)).fill_(std::nan(""));
      examples.push_back({{to_tensor(window)}, {to_tensor(scores(scaling_(window)))}});
    }
    return examples;
  }

  const TrainSeries& options_;
  const SeriesSet& set_;
  StepContext& context_;
  Windows windows_;
  Cut cut_;
  Scaling scaling_;
  Scaling::Scaled learn_, check_;
  AutoEncoder net_;
  torch::Tensor usual_;  // the distance of each channel that normal operation seldom goes beyond
};

}  // namespace

void train_series(const TrainSeries& options, StepContext& context) {
  prepare_torch(context, static_cast<std::uint64_t>(options.seed));
  std::optional<fs::path> rule;
  if (context.has_input("rule")) rule = context.input("rule");
  SeriesSet set = load_series_set(context.input("series"), Part::all, 0, load_rule(rule));
  Trainer(options, set, context).run();
}

}  // namespace gyre
