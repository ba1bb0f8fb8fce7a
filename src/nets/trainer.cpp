#include "nets/trainer.hpp"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <map>
#include <numeric>

#include "base/clock.hpp"
#include "nets/checkpoint.hpp"

namespace gyre {

namespace {

std::unique_ptr<torch::optim::Optimizer> make_optimizer(torch::nn::Module& net, const TrainingPlan& plan) {
  std::vector<torch::Tensor> decaying, free;  // norms and biases have one dimension
  for (auto& weight : net.parameters()) (weight.dim() > 1 ? decaying : free).push_back(weight);
  std::vector<torch::optim::OptimizerParamGroup> groups{decaying, free};
  if (plan.optimizer == "sgd") {
    auto options = torch::optim::SGDOptions(plan.rate).momentum(0.9).nesterov(true);
    groups[0].set_options(std::make_unique<torch::optim::SGDOptions>(options.weight_decay(plan.weight_decay)));
    groups[1].set_options(std::make_unique<torch::optim::SGDOptions>(options.weight_decay(0)));
    return std::make_unique<torch::optim::SGD>(groups, options);
  }
  if (plan.optimizer != "adamw")
    throw Error(Code::invalid, "there is no optimizer \"" + plan.optimizer + "\"", "adamw or sgd");
  torch::optim::AdamWOptions options(plan.rate);
  groups[0].set_options(std::make_unique<torch::optim::AdamWOptions>(options.weight_decay(plan.weight_decay)));
  groups[1].set_options(std::make_unique<torch::optim::AdamWOptions>(options.weight_decay(0)));
  return std::make_unique<torch::optim::AdamW>(groups, options);
}

// One training under way.
class Training {
 public:
  Training(torch::nn::Module& net, const TrainingTask& task, const TrainingPlan& plan, StepContext& context)
      : net_(net),
        task_(task),
        plan_(plan),
        context_(context),
        optimizer_(make_optimizer(net, plan)),
        checkpoint_(context.checkpoint() / "training.pt", plan.fingerprint) {
    if (task.samples < 2)
      throw Error(Code::invalid, "there is nothing to learn from: " + std::to_string(task.samples) + " samples",
                  "gather more samples");
    // A last batch that is very small would shake the norms: its samples have their turn in other epochs.
    batches_ = std::max<std::int64_t>(1, (task.samples + plan.batch - plan.batch / 4 - 1) / plan.batch);
    average_ = copy_of(state_of(net));
    best_ = copy_of(average_);
  }

  TrainingResult run() {
    double before = seconds_since_start();
    bool ended = take_up_checkpoint();
    started_at_epoch_ = now_.epoch;
    started_ = seconds_since_start();
    while (!ended && now_.epoch < plan_.epochs && !result_.stopped) {
      double loss = run_epoch();
      check(loss);
      ended = now_.epoch - now_.best_epoch >= plan_.patience;
      bool last = ended || now_.epoch == plan_.epochs || result_.stopped;
      if (last || seconds_since_start() - saved_ >= plan_.checkpoint_every) save_checkpoint(last);
    }
    put_state(net_, best_);
    net_.eval();
    result_.epochs = now_.epoch;
    result_.best_epoch = now_.best_epoch;
    result_.best = now_.best;
    result_.seconds = now_.seconds + seconds_since_start() - before;
    return result_;
  }

 private:
  double run_epoch() {
    net_.train();
    Random random = Random(plan_.seed).split(static_cast<std::uint64_t>(now_.epoch) + 1);
    std::vector<std::int64_t> order(static_cast<std::size_t>(task_.samples));
    std::iota(order.begin(), order.end(), 0);
    random.shuffle(order);
    auto begin_batch = [&](std::int64_t number) {
      return std::async(std::launch::async, [&, number] { return batch(order, number, random); });
    };
    double sum = 0;
    std::int64_t done = 0;
    auto next = begin_batch(0);  // varying pictures takes a fifth of the time: done beside, a batch ahead
    for (; done < batches_ && !stop_now(done); done++) {
      auto now = next.get();
      if (done + 1 < batches_) next = begin_batch(done + 1);
      sum += learn(now, static_cast<double>(now_.epoch) + static_cast<double>(done) / static_cast<double>(batches_));
      report_progress(done + 1);
    }
    now_.epoch++;
    return sum / static_cast<double>(std::max<std::int64_t>(1, done));
  }

  TrainingTask::Batch batch(std::span<const std::int64_t> order, std::int64_t number, const Random& epoch) const {
    auto first = static_cast<std::size_t>(number * plan_.batch);
    auto count = std::min<std::size_t>(static_cast<std::size_t>(plan_.batch), order.size() - first);
    BatchChance chance(epoch.split(static_cast<std::uint64_t>(number) + 1));
    torch::NoGradGuard no_gradients;
    return task_.batch(order.subspan(first, count), chance);
  }

  // A stop is heeded between batches, but something must have been learned before.
  bool stop_now(std::int64_t batches_done) {
    if ((now_.epoch > 0 || batches_done > 0) && context_.stop_requested()) result_.stopped = true;
    return result_.stopped;
  }

  double learn(const TrainingTask::Batch& batch, double epoch) {
    double rate = plan_.rate * now_.rate_factor;
    if (epoch < plan_.warm_up)
      rate *= (epoch + 1.0 / static_cast<double>(batches_)) / (plan_.warm_up + 1.0 / static_cast<double>(batches_));
    else if (plan_.schedule == "cosine")
      rate *= 0.5 * (1 + std::cos(M_PI * (epoch - plan_.warm_up) / std::max(1e-9, plan_.epochs - plan_.warm_up)));
    for (auto& group : optimizer_->param_groups()) {
      if (plan_.optimizer == "sgd")
        static_cast<torch::optim::SGDOptions&>(group.options()).lr(rate);
      else
        static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
    }
    optimizer_->zero_grad();
    torch::Tensor loss = task_.loss(batch);
    double value = loss.item<double>();
    if (!std::isfinite(value))
      throw Error(Code::invalid,
                  "the training went astray in epoch " + std::to_string(now_.epoch + 1) + ": the loss is no number",
                  "try a smaller --rate");
    loss.backward();
    if (plan_.clip > 0) torch::nn::utils::clip_grad_norm_(net_.parameters(), plan_.clip);
    optimizer_->step();
    average_weights();
    return value;
  }

  void average_weights() {
    if (plan_.average <= 0) return;
    torch::NoGradGuard no_gradients;
    now_.steps++;
    auto n = static_cast<double>(now_.steps);
    double keep = std::min(plan_.average, n / (n + 9));
    auto state = state_of(net_);
    for (std::size_t i = 0; i < state.size(); i++) {
      if (state[i].is_floating_point())
        average_[i].lerp_(state[i], 1 - keep);
      else
        average_[i].copy_(state[i]);
    }
  }

  void check(double loss) {
    torch::NoGradGuard no_gradients;
    net_.eval();
    std::vector<torch::Tensor> candidate = copy_of(plan_.average > 0 ? average_ : state_of(net_));
    std::vector<torch::Tensor> raw = copy_of(state_of(net_));
    put_state(net_, candidate);
    Quality quality = task_.check();
    put_state(net_, raw);
    context_.metric("train_loss", loss, now_.epoch);
    context_.metric("check_loss", quality.loss, now_.epoch);
    for (auto& [name, value] : quality.metrics) context_.metric(name, value, now_.epoch);
    if (now_.best_epoch == 0 || quality.loss < now_.best.loss) {
      now_.best = quality;
      now_.best_epoch = now_.epoch;
      now_.rate_since = now_.epoch;
      best_ = std::move(candidate);
    } else if (plan_.schedule == "plateau" && now_.epoch - now_.rate_since >= std::max(1, plan_.patience / 3)) {
      now_.rate_factor /= 2;
      now_.rate_since = now_.epoch;
    }
  }

  void report_progress(std::int64_t batches_done) {
    double now = seconds_since_start();
    bool epoch_ended = batches_done == batches_;
    if (!epoch_ended && now - reported_ < plan_.progress_every) return;
    reported_ = now;
    double done = now_.epoch + static_cast<double>(batches_done) / static_cast<double>(batches_);
    double left = (now - started_) / std::max(1e-9, done - started_at_epoch_) * (plan_.epochs - done);
    context_.progress(done, plan_.epochs,
                      "epoch " + std::to_string(now_.epoch + 1) + " of " + std::to_string(plan_.epochs) + ", " +
                          short_duration(left) + " left");
  }

  bool take_up_checkpoint() {
    auto found = checkpoint_.load(net_, *optimizer_, average_, best_);
    if (!found) return false;
    now_ = *found;
    context_.say("going on after epoch " + std::to_string(now_.epoch) + " of " + std::to_string(plan_.epochs));
    return now_.ended;
  }

  void save_checkpoint(bool last) {
    saved_ = seconds_since_start();
    TrainingState state = now_;
    state.ended = last;
    state.seconds += saved_ - started_;
    checkpoint_.save(net_, *optimizer_, average_, best_, state);
  }

  torch::nn::Module& net_;
  const TrainingTask& task_;
  const TrainingPlan& plan_;
  StepContext& context_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  Checkpoint checkpoint_;
  std::int64_t batches_ = 0;
  std::vector<torch::Tensor> average_, best_;
  TrainingState now_;
  TrainingResult result_;
  int started_at_epoch_ = 0;
  double started_ = 0, reported_ = 0, saved_ = seconds_since_start();
};

}  // namespace

BatchChance::BatchChance(Random given) : random(given), torch(at::detail::createCPUGenerator(random.bits())) {}

TrainingResult train(torch::nn::Module& net, const TrainingTask& task, const TrainingPlan& plan, StepContext& context) {
  if (plan.schedule != "cosine" && plan.schedule != "plateau")
    throw Error(Code::invalid, "there is no schedule \"" + plan.schedule + "\"", "cosine or plateau");
  return Training(net, task, plan, context).run();
}

torch::Tensor tensor_of(std::span<const std::int64_t> numbers) {
  return torch::tensor(std::vector<std::int64_t>(numbers.begin(), numbers.end()));
}

void prepare_torch(const StepContext& context, std::uint64_t seed) {
  // Every batch needs the same large blocks again: kept, not given back to the system, which saves a fifth of the time.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  torch::set_num_threads(std::max(1, context.threads()));
  torch::globalContext().setDeterministicAlgorithms(true, true);
  torch::manual_seed(seed);
}

Cut cut_for_check(std::span<const std::int64_t> classes, double share, std::uint64_t seed) {
  std::map<std::int64_t, std::vector<std::int64_t>> by_class;
  for (std::size_t i = 0; i < classes.size(); i++) by_class[classes[i]].push_back(static_cast<std::int64_t>(i));
  Cut cut;
  for (auto& [name, numbers] : by_class) {
    Random random = Random(seed).split(static_cast<std::uint64_t>(name) + 77);
    random.shuffle(numbers);
    auto count = static_cast<std::size_t>(std::lround(share * static_cast<double>(numbers.size())));
    if (numbers.size() >= 4 && share > 0) count = std::max<std::size_t>(count, 1);
    cut.check.insert(cut.check.end(), numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(count));
    cut.learn.insert(cut.learn.end(), numbers.begin() + static_cast<std::ptrdiff_t>(count), numbers.end());
  }
  std::sort(cut.learn.begin(), cut.learn.end());
  std::sort(cut.check.begin(), cut.check.end());
  return cut;
}

}  // namespace gyre
