// A small neural net in plain C++: batches of rows through layers of smooth units, Adam, the best of the checks is
// kept.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.hpp"
#include "learn/dense_net.hpp"
#include "learn/lanes.hpp"

namespace gyre {

namespace {

struct Options {
  std::int64_t units = 128;
  std::int64_t layers = 3;
  std::int64_t epochs = 100;
  std::int64_t batch = 64;
  double rate = 2e-3;
  double decay = 1e-4;
  std::int64_t patience = 15;
};

void transpose(const std::vector<float>& from, std::size_t rows, std::size_t columns, std::vector<float>& to) {
  constexpr std::size_t side = 16;  // of a square that stays in the cache
  to.resize(rows * columns);
  for (std::size_t top = 0; top < rows; top += side)
    for (std::size_t left = 0; left < columns; left += side)
      for (std::size_t j = left; j < std::min(columns, left + side); j++)
        for (std::size_t i = top; i < std::min(rows, top + side); i++) to[j * rows + i] = from[i * columns + j];
}

class Trainer {
 public:
  Trainer(const Options& options, const Problem& problem, const Examples& examples, const TrainingContext& context)
      : options_(options), problem_(problem), context_(context), random_(context.seed) {
    outputs_ = problem.task == Task::classify && problem.classes > 2 ? problem.classes : 1;
    std::size_t in = examples.features->columns;
    for (std::int64_t l = 0; l <= options.layers; l++) {
      std::size_t out = l == options.layers ? outputs_ : static_cast<std::size_t>(options.units);
      DenseLayer layer{in, out, std::vector<float>(in * out), std::vector<float>(out)};
      double spread = std::sqrt(2.0 / static_cast<double>(in));
      for (float& weight : layer.weights) weight = static_cast<float>(random_.normal(0, spread));
      layers_.push_back(std::move(layer));
      in = out;
    }
    first_ = second_ = gradient_ = layers_;
    clear(first_), clear(second_);
    values_.resize(layers_.size() + 1), sums_.resize(layers_.size());
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
    Examples held = own ? examples : context_.check;
    if (!own) check.resize(held.rows()), std::iota(check.begin(), check.end(), 0);
    if (check.empty()) check = learn;
    CheckTrace* trace = own ? nullptr : context_.trace;
    DenseLayers best = layers_;
    double least = std::numeric_limits<double>::infinity();
    std::int64_t epoch = 0, best_epoch = 0;
    auto batch = static_cast<std::size_t>(options_.batch);
    for (; epoch < options_.epochs && epoch - best_epoch < options_.patience && !context_.stop(); epoch++) {
      random_.shuffle(learn);
      for (std::size_t from = 0; from < learn.size(); from += batch)
        step(examples, std::span(learn).subspan(from, std::min(batch, learn.size() - from)));
      std::vector<float> sums;
      double loss = mean_loss(held, check, sums);
      if (loss < least) least = loss, best = layers_, best_epoch = epoch + 1;
      if (!trace) continue;
      auto answers = linked({sums.begin(), sums.end()}, outputs_, link());
      if (problem_.task == Task::regress)
        for (double& answer : answers) answer = answer * size_ + move_;
      trace->answers.emplace_back(answers.begin(), answers.end());
    }
    if (trace) trace->kept = static_cast<std::size_t>(best_epoch);
    for (float& weight : best.back().weights) weight *= static_cast<float>(size_);
    for (float& bias : best.back().biases) bias = static_cast<float>(bias * size_ + move_);
    return std::make_unique<DenseNet>(std::move(best), link(),
                                      json::object{{"epochs", epoch}, {"best_epoch", best_epoch}});
  }

 private:
  Link link() const {
    return problem_.task == Task::regress ? Link::none : outputs_ == 1 ? Link::sigmoid : Link::softmax;
  }

  static void clear(DenseLayers& layers) {
    for (auto& layer : layers) {
      std::fill(layer.weights.begin(), layer.weights.end(), 0.0f);
      std::fill(layer.biases.begin(), layer.biases.end(), 0.0f);
    }
  }

  // values_[0]: the rows' features; behind them what each layer's units gave, and in sums_ what they were given.
  void forward(const Examples& examples, std::span<const std::size_t> rows) {
    std::size_t columns = examples.features->columns;
    values_[0].resize(rows.size() * columns);
    for (std::size_t i = 0; i < rows.size(); i++) {
      auto row = examples.features->row(rows[i]);
      for (std::size_t c = 0; c < columns; c++) values_[0][i * columns + c] = drawn_in(row[c]);
    }
    for (std::size_t l = 0; l < layers_.size(); l++) {
      run_layer(layers_[l], values_[l], rows.size(), sums_[l]);
      auto& given = values_[l + 1] = sums_[l];
      if (l + 1 < layers_.size())
        for (float& value : given) value *= sigmoid_of(value);
    }
  }

  // The loss of a row's sums, which become slopes.
  double loss(double target, std::span<float> sums) const {
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

  double mean_loss(const Examples& examples, std::span<const std::size_t> rows, std::vector<float>& sums) {
    constexpr std::size_t at_once = 256;
    double all = 0;
    for (std::size_t from = 0; from < rows.size(); from += at_once) {
      auto some = rows.subspan(from, std::min(at_once, rows.size() - from));
      forward(examples, some);
      auto& last = values_.back();
      sums.insert(sums.end(), last.begin(), last.end());
      for (std::size_t i = 0; i < some.size(); i++)
        all += loss(examples.targets[some[i]], std::span(last).subspan(i * outputs_, outputs_));
    }
    return all / static_cast<double>(rows.size());
  }

  void step(const Examples& examples, std::span<const std::size_t> rows) {
    forward(examples, rows);
    double weights = 0;
    for (auto row : rows) weights += examples.weight(row);
    auto& last = values_.back();
    for (std::size_t i = 0; i < rows.size(); i++) {
      auto sums = std::span(last).subspan(i * outputs_, outputs_);
      loss(examples.targets[rows[i]], sums);
      auto share = static_cast<float>(examples.weight(rows[i]) / weights);
      for (float& slope : sums) slope *= share;
    }
    backward(rows.size());
    adam();
  }

  // Slopes lie where the last layer's sums were; each layer's take the place of its values.
  void backward(std::size_t rows) {
    clear(gradient_);
    for (std::size_t l = layers_.size(); l-- > 0;) {
      auto& layer = layers_[l];
      auto& slopes = values_[l + 1];
      for (std::size_t i = 0; i < rows; i++)
        for (std::size_t o = 0; o < layer.out; o++) gradient_[l].biases[o] += slopes[i * layer.out + o];
      transpose(values_[l], rows, layer.in, turned_);
      add_product(turned_.data(), slopes.data(), gradient_[l].weights.data(), layer.in, rows, layer.out);
      if (l == 0) return;
      transpose(layer.weights, layer.in, layer.out, turned_);
      below_.assign(rows * layer.in, 0);
      add_product(slopes.data(), turned_.data(), below_.data(), rows, layer.out, layer.in);
      for (std::size_t i = 0; i < below_.size(); i++) {
        float sum = sums_[l - 1][i], share = sigmoid_of(sum);
        values_[l][i] = below_[i] * share * (1 + sum * (1 - share));
      }
    }
  }

  void adam() {
    steps_++;
    double quick = 1 - std::pow(0.9, steps_), slow = 1 - std::pow(0.999, steps_);
    auto update = [&](std::vector<float>& to, const std::vector<float>& slopes, std::vector<float>& first,
                      std::vector<float>& second, double decay) {
      adam_step(to.data(), slopes.data(), first.data(), second.data(), to.size(),
                {static_cast<float>(options_.rate / quick), static_cast<float>(1 / std::sqrt(slow)),
                 static_cast<float>(options_.rate * decay)});
    };
    for (std::size_t l = 0; l < layers_.size(); l++) {
      update(layers_[l].weights, gradient_[l].weights, first_[l].weights, second_[l].weights, options_.decay);
      update(layers_[l].biases, gradient_[l].biases, first_[l].biases, second_[l].biases, 0);
    }
  }

  const Options& options_;
  const Problem& problem_;
  const TrainingContext& context_;
  Random random_;
  std::size_t outputs_ = 1;
  double size_ = 1, move_ = 0;
  DenseLayers layers_, first_, second_, gradient_;
  std::vector<std::vector<float>> values_, sums_;
  std::vector<float> below_, turned_;
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
