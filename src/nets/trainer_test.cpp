#include "nets/trainer.hpp"

#include <doctest/doctest.h>

#include "base/memory_context.hpp"

using namespace gyre;

namespace {

struct Killed {};

// Two clouds of points that a line can part, a net with a norm (so that buffers matter), and chance in every batch.
struct Points {
  torch::nn::Sequential net{nullptr};
  torch::Tensor points, sides;
  TrainingTask task;
  int checks = 0, kill_at = -1;

  Points() {
    torch::manual_seed(5);
    net = torch::nn::Sequential(torch::nn::Linear(2, 8), torch::nn::BatchNorm1d(8), torch::nn::Linear(8, 2));
    points = torch::randn({200, 2});
    sides = (points.select(1, 0) + points.select(1, 1) > 0).to(torch::kLong);
    task.samples = 160;
    task.batch = [this](std::span<const std::int64_t> numbers, BatchChance& chance) {
      auto index = tensor_of(numbers);
      auto noise = torch::randn({index.size(0), 2}, chance.torch) * 0.1 + chance.random.uniform(-0.1, 0.1);
      return TrainingTask::Batch{points.index_select(0, index) + noise, sides.index_select(0, index)};
    };
    task.loss = [this](const TrainingTask::Batch& batch) {
      return torch::nn::functional::cross_entropy(net->forward(batch[0]), batch[1]);
    };
    task.check = [this] {
      if (checks++ == kill_at) throw Killed();
      auto answer = net->forward(points.slice(0, 160));
      auto truth = sides.slice(0, 160);
      return Quality{torch::nn::functional::cross_entropy(answer, truth).item<double>(),
                     {{"accuracy", (answer.argmax(1) == truth).to(torch::kDouble).mean().item<double>()}}};
    };
  }
};

TrainingPlan short_plan() {
  TrainingPlan plan;
  plan.epochs = 8, plan.batch = 16, plan.rate = 0.02, plan.average = 0.9, plan.fingerprint = "points";
  return plan;
}

}  // namespace

TEST_CASE("a training learns, is repeatable, and tells how it goes") {
  for (std::string optimizer : {"adamw", "sgd"}) {
    Points first, second;
    MemoryContext context, other;
    TrainingPlan plan = short_plan();
    plan.optimizer = optimizer;
    auto result = train(*first.net, first.task, plan, context);
    CHECK(result.best.metrics.at(0).second > 0.9);
    CHECK(result.epochs == 8);
    CHECK(context.metrics["train_loss"].size() == 8);
    CHECK(context.metrics["accuracy"].size() == 8);
    CHECK(context.done == doctest::Approx(context.total));
    CHECK_FALSE(first.net->is_training());
    train(*second.net, second.task, plan, other);
    CHECK(weights_of(*first.net) == weights_of(*second.net));
  }
}

TEST_CASE("a training that was killed goes on and ends with the same weights") {
  Points whole, cut;
  MemoryContext context, killed;
  TrainingPlan plan = short_plan();
  plan.schedule = "plateau";
  plan.checkpoint_every = 0;
  auto result = train(*whole.net, whole.task, plan, context);
  cut.kill_at = 4;
  CHECK_THROWS_AS(train(*cut.net, cut.task, plan, killed), Killed);
  Points again;
  auto resumed = train(*again.net, again.task, plan, killed);
  CHECK(killed.said("going on after epoch 4 of 8"));
  CHECK(again.checks == 4);
  CHECK(resumed.best_epoch == result.best_epoch);
  CHECK(weights_of(*again.net) == weights_of(*whole.net));

  // Killed once more, after the last epoch: nothing is trained again.
  Points after;
  train(*after.net, after.task, plan, killed);
  CHECK(after.checks == 0);
  CHECK(weights_of(*after.net) == weights_of(*whole.net));

  // Other options or data: the checkpoint is another training's.
  plan.fingerprint = "other points";
  Points changed;
  train(*changed.net, changed.task, plan, killed);
  CHECK(changed.checks == 8);
}

TEST_CASE("a stop leaves the best so far, even in the first epoch") {
  for (int batches : {1, 25}) {
    Points points;
    MemoryContext context;
    context.stop = [&context, batches] { return context.done * 10 >= batches; };
    TrainingPlan plan = short_plan();
    plan.progress_every = 0;
    auto before = weights_of(*points.net);
    auto result = train(*points.net, points.task, plan, context);
    CHECK(result.stopped);
    CHECK(result.epochs == batches / 10 + 1);
    CHECK(weights_of(*points.net) != before);
  }
}

TEST_CASE("a training stops early when nothing gets better") {
  Points points;
  MemoryContext context;
  int checks = 0;
  points.task.check = [&checks] { return Quality{static_cast<double>(++checks), {}}; };
  TrainingPlan plan = short_plan();
  plan.patience = 3;
  auto result = train(*points.net, points.task, plan, context);
  CHECK(result.epochs == 4);
  CHECK(result.best_epoch == 1);
}

TEST_CASE("errors of a training name the remedy") {
  Points points;
  MemoryContext context;
  TrainingPlan plan = short_plan();
  points.task.loss = [](const TrainingTask::Batch&) { return torch::full({}, NAN); };
  CHECK_THROWS_WITH_AS(train(*points.net, points.task, plan, context),
                       "the training went astray in epoch 1: the loss is no number", Error);
  points.task.samples = 1;
  CHECK_THROWS_AS(train(*points.net, points.task, plan, context), Error);
  CHECK_THROWS_AS(set_weights(*points.net, "no weights", "weights.pt"), Error);
}

TEST_CASE("the cut for the check is by class, seeded and whole") {
  std::vector<std::int64_t> classes;
  for (int i = 0; i < 100; i++) classes.push_back(i < 90 ? 0 : i < 97 ? 1 : 2);
  Cut cut = cut_for_check(classes, 0.1, 3);
  CHECK(cut.check.size() == 9 + 1);  // the class of three gives none
  CHECK(cut.learn.size() + cut.check.size() == 100);
  CHECK(cut_for_check(classes, 0.1, 3).check == cut.check);
  CHECK(cut_for_check(classes, 0.1, 4).check != cut.check);
}
