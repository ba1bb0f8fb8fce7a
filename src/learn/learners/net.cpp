// A small neural net in plain C++: two layers of rectified units, Adam, the best of the checks is kept.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.hpp"
#include "learn/boosting/trees.hpp"

namespace gyre {

namespace {

struct Options {
  std::int64_t units = 64;
  std::int64_t layers = 2;
  std::int64_t epochs = 100;
  std::int64_t batch = 128;
  double rate = 2e-3;
  double decay = 1e-4;
  std::int64_t patience = 15;
};

struct Layer {
  std::size_t in = 0, out = 0;
  std::vector<float> weights, biases;  // [in][out]
};

using Layers = std::vector<Layer>;

// In steps of so many numbers, which a processor does at once.
constexpr std::size_t lanes = 8;

void add(float* to, float factor, const float* from, std::size_t count) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t lane = 0; lane < lanes; lane++) to[i + lane] += factor * from[i + lane];
  for (; i < count; i++) to[i] += factor * from[i];
}

float product(const float* a, const float* b, std::size_t count) {
  float sums[lanes] = {}, sum = 0;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t lane = 0; lane < lanes; lane++) sums[lane] += a[i + lane] * b[i + lane];
  for (; i < count; i++) sum += a[i] * b[i];
  for (float one : sums) sum += one;
  return sum;
}

// Sums of the last layer; `values` keeps what each layer gave, for the way back.
void forward(const Layers& layers, std::span<const float> row, std::vector<std::vector<float>>& values) {
  values.resize(layers.size() + 1);
  values[0].assign(row.begin(), row.end());
  for (std::size_t l = 0; l < layers.size(); l++) {
    auto& layer = layers[l];
    auto& to = values[l + 1];
    to = layer.biases;
    for (std::size_t i = 0; i < layer.in; i++)
      if (float value = values[l][i]; value != 0)  // of rectified units many are
        add(to.data(), value, layer.weights.data() + i * layer.out, layer.out);
    if (l + 1 < layers.size())
      for (float& sum : to) sum = std::max(0.0f, sum);
  }
}

class Net final : public Fitted {
 public:
  Net(Layers layers, Link link, double size, double move, json::object about)
      : layers_(std::move(layers)), link_(link), about_(std::move(about)) {
    for (float& weight : layers_.back().weights) weight *= static_cast<float>(size);
    for (float& bias : layers_.back().biases) bias = static_cast<float>(bias * size + move);
  }
  std::vector<double> predict(const Matrix& matrix, int threads) const override {
    std::size_t outputs = layers_.back().out;
    std::vector<double> sums(matrix.rows * outputs);
    for_rows(matrix.rows, threads, [&](std::size_t from, std::size_t to) {
      std::vector<std::vector<float>> values;
      for (std::size_t i = from; i < to; i++) {
        forward(layers_, matrix.row(i), values);
        std::copy(values.back().begin(), values.back().end(), sums.begin() + static_cast<std::ptrdiff_t>(i * outputs));
      }
    });
    return linked(std::move(sums), outputs, link_);
  }
  std::string export_to(GraphBuilder& graph, const std::string& features) const override {
    std::string value = features;
    for (std::size_t l = 0; l < layers_.size(); l++) {
      auto& layer = layers_[l];
      auto out = static_cast<std::int64_t>(layer.out), in = static_cast<std::int64_t>(layer.in);
      value = graph.node("Gemm", {value, graph.constant(Tensor::floats({in, out}, layer.weights)),
                                  graph.constant(Tensor::floats({out}, layer.biases))});
      if (l + 1 < layers_.size()) value = graph.node("Relu", {value});
    }
    return export_link(graph, value, link_);
  }
  json::object about() const override { return about_; }

 private:
  Layers layers_;
  Link link_;
  json::object about_;
};

class Trainer {
 public:
  Trainer(const Options& options, const Problem& problem, const Examples& examples, const TrainingContext& context)
      : options_(options), problem_(problem), context_(context), random_(context.seed) {
    outputs_ = problem.task == Task::classify && problem.classes > 2 ? problem.classes : 1;
    std::size_t in = examples.features->columns;
    for (std::int64_t l = 0; l <= options.layers; l++) {
      std::size_t out = l == options.layers ? outputs_ : static_cast<std::size_t>(options.units);
      Layer layer{in, out, std::vector<float>(in * out), std::vector<float>(out)};
      double spread = std::sqrt(2.0 / static_cast<double>(in));
      for (float& weight : layer.weights) weight = static_cast<float>(random_.normal(0, spread));
      layers_.push_back(std::move(layer));
      in = out;
    }
    first_ = second_ = zeros();
    if (problem.task == Task::regress) {
      move_ =
          std::accumulate(examples.targets.begin(), examples.targets.end(), 0.0) / static_cast<double>(examples.rows());
      double squares = 0;
      for (double target : examples.targets) squares += (target - move_) * (target - move_);
      size_ = std::max(1e-300, std::sqrt(squares / static_cast<double>(examples.rows())));
    }
  }

  std::unique_ptr<Fitted> run(const Examples& examples) {
    std::vector<std::size_t> learn(examples.rows()), check;
    std::iota(learn.begin(), learn.end(), 0);
    bool own = !context_.has_check();
    if (own && examples.rows() >= 50) {  // a tenth decides when to stop
      random_.shuffle(learn);
      check.assign(learn.begin(), learn.begin() + static_cast<std::ptrdiff_t>(learn.size() / 10));
      learn.erase(learn.begin(), learn.begin() + static_cast<std::ptrdiff_t>(check.size()));
    }
    Link link = problem_.task == Task::regress ? Link::none : outputs_ == 1 ? Link::sigmoid : Link::softmax;
    CheckTrace* trace = own ? nullptr : context_.trace;
    Layers best = layers_;
    double least = std::numeric_limits<double>::infinity();
    std::int64_t epoch = 0, best_epoch = 0;
    for (; epoch < options_.epochs && epoch - best_epoch < options_.patience && !context_.stop(); epoch++) {
      random_.shuffle(learn);
      auto batch = static_cast<std::size_t>(options_.batch);
      for (std::size_t from = 0; from < learn.size(); from += batch)
        step(examples, std::span(learn).subspan(from, std::min(batch, learn.size() - from)));
      double loss = own ? mean_loss(examples, check.empty() ? learn : check) : mean_loss(context_.check, {});
      if (loss < least) least = loss, best = layers_, best_epoch = epoch + 1;
      if (!trace) continue;
      auto answers = Net(layers_, link, size_, move_, {}).predict(*context_.check.features, context_.threads);
      trace->answers.emplace_back(answers.begin(), answers.end());
    }
    if (trace) trace->kept = static_cast<std::size_t>(best_epoch);
    return std::make_unique<Net>(std::move(best), link, size_, move_,
                                 json::object{{"epochs", epoch}, {"best_epoch", best_epoch}});
  }

 private:
  Layers zeros() const {
    Layers result = layers_;
    for (auto& layer : result) {
      std::fill(layer.weights.begin(), layer.weights.end(), 0.0f);
      std::fill(layer.biases.begin(), layer.biases.end(), 0.0f);
    }
    return result;
  }

  // The loss of a row's sums, which become slopes.
  double loss(double target, std::vector<float>& sums) const {
    if (problem_.task == Task::regress) {
      double off = sums[0] - (target - move_) / size_;
      sums[0] = static_cast<float>(off);
      return off * off / 2;
    }
    if (outputs_ == 1) {
      double z = sums[0];
      sums[0] = static_cast<float>(1 / (1 + std::exp(-z)) - target);
      return std::max(z, 0.0) - z * target + std::log1p(std::exp(-std::abs(z)));
    }
    double top = *std::max_element(sums.begin(), sums.end()), total = 0;
    double wanted = sums[static_cast<std::size_t>(target)] - top;
    for (float& sum : sums) total += sum = static_cast<float>(std::exp(sum - top));
    for (float& sum : sums) sum = static_cast<float>(sum / total);
    sums[static_cast<std::size_t>(target)] -= 1;
    return std::log(total) - wanted;
  }

  double mean_loss(const Examples& examples, const std::vector<std::size_t>& rows) const {
    std::size_t count = rows.empty() ? examples.rows() : rows.size();
    std::vector<double> losses(count);
    for_rows(count, context_.threads, [&](std::size_t from, std::size_t to) {
      std::vector<std::vector<float>> values;
      for (std::size_t i = from; i < to; i++) {
        std::size_t row = rows.empty() ? i : rows[i];
        forward(layers_, examples.features->row(row), values);
        losses[i] = loss(examples.targets[row], values.back());
      }
    });
    return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(count);
  }

  void step(const Examples& examples, std::span<const std::size_t> rows) {
    Layers gradient = zeros();
    double weights = 0;
    for (auto row : rows) weights += examples.weight(row);
    for (auto row : rows) {
      forward(layers_, examples.features->row(row), values_);
      loss(examples.targets[row], values_.back());
      auto share = static_cast<float>(examples.weight(row) / weights);
      for (float& slope : values_.back()) slope *= share;
      backward(gradient);
    }
    adam(gradient);
  }

  // Slopes lie where the last layer's sums were.
  void backward(Layers& gradient) {
    std::vector<float> slopes = values_.back(), below;
    for (std::size_t l = layers_.size(); l-- > 0;) {
      auto& layer = layers_[l];
      below.assign(layer.in, 0);
      for (std::size_t o = 0; o < layer.out; o++) gradient[l].biases[o] += slopes[o];
      for (std::size_t i = 0; i < layer.in; i++) {
        float value = values_[l][i];
        if (value == 0) continue;  // nothing passed here: no slope passes back
        add(gradient[l].weights.data() + i * layer.out, value, slopes.data(), layer.out);
        if (l > 0) below[i] = product(layer.weights.data() + i * layer.out, slopes.data(), layer.out);
      }
      slopes.swap(below);
    }
  }

  void adam(const Layers& gradient) {
    steps_++;
    double quick = 1 - std::pow(0.9, steps_), slow = 1 - std::pow(0.999, steps_);
    auto update = [&](std::vector<float>& to, const std::vector<float>& slopes, std::vector<float>& first,
                      std::vector<float>& second, double decay) {
      for (std::size_t i = 0; i < to.size(); i++) {
        first[i] = 0.9f * first[i] + 0.1f * slopes[i];
        second[i] = 0.999f * second[i] + 0.001f * slopes[i] * slopes[i];
        double move = first[i] / quick / (std::sqrt(second[i] / slow) + 1e-8) + decay * to[i];
        to[i] -= static_cast<float>(options_.rate * move);
      }
    };
    for (std::size_t l = 0; l < layers_.size(); l++) {
      update(layers_[l].weights, gradient[l].weights, first_[l].weights, second_[l].weights, options_.decay);
      update(layers_[l].biases, gradient[l].biases, first_[l].biases, second_[l].biases, 0);
    }
  }

  const Options& options_;
  const Problem& problem_;
  const TrainingContext& context_;
  Random random_;
  std::size_t outputs_ = 1;
  double size_ = 1, move_ = 0;
  Layers layers_, first_, second_;
  std::vector<std::vector<float>> values_;
  int steps_ = 0;
};

std::unique_ptr<Fitted> train(const Options& options, const Problem& problem, const Examples& examples,
                              const TrainingContext& context) {
  return Trainer(options, problem, examples, context).run(examples);
}

}  // namespace

extern const Learner learner_net;
const Learner learner_net = learner<Options>(
    {.name = "net",
     .title = "Small neural net",
     .help = "Layers of simple units: smooth answers, where trees give steps.",
     .tasks = {Task::classify, Task::regress},
     .wants = {.complete = true, .scaled = true, .check = true},
     .fields = {field("units", &Options::units, "in each layer", {.min = 1, .max = 4096}),
                field("layers", &Options::layers, "between features and answer", {.min = 1, .max = 10}),
                field("epochs", &Options::epochs, "passes over the rows at most", {.min = 1, .max = 100000}),
                field("batch", &Options::batch, "rows in one step", {.min = 1, .max = 65536}),
                field("rate", &Options::rate, "how far a step goes", {.min = 1e-6, .max = 1}),
                field("decay", &Options::decay, "pull of weights to 0", {.min = 0, .max = 10}),
                field("patience", &Options::patience, "passes without a better check before it stops",
                      {.min = 1, .max = 100000})}},
    train);

}  // namespace gyre
