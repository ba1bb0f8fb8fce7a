#pragma once
// The one training loop of all nets. A net brings its data as three functions (some samples as it is shown them, their
// loss, its quality on the part that is checked); the loop brings everything else: mini-batches, optimiser, schedule,
// averaging, early stopping, metrics, progress with the time left, Ctrl-C, and going on after a kill.
//
// The same seed, data and number of threads give the same weights, bit for bit, also when the training was killed and
// went on from its checkpoint: all chance in an epoch comes from the seed and the epoch's number.
#include <functional>
#include <span>

#include "base/random.hpp"
#include "base/step.hpp"
#include "nets/torch.hpp"

namespace gyre {

struct TrainingPlan {
  int epochs = 30;
  int batch = 64;
  double rate = 3e-3;               // highest learning rate
  double weight_decay = 1e-4;       // of weights; biases and norms have none
  double warm_up = 1;               // epochs in which the rate rises from nothing
  std::string schedule = "cosine";  // cosine | plateau (the rate is halved when nothing gets better)
  std::string optimizer = "adamw";  // adamw | sgd (momentum 0.9)
  int patience = 10;                // epochs without a better quality before it stops early
  double average = 0.99;            // of the weights over the last steps (what is checked and kept); 0: none
  double clip = 5;                  // bound of the gradient's norm; 0: none
  std::uint64_t seed = 1;
  double checkpoint_every = 2;  // seconds of work that a kill may cost (at least an epoch)
  double progress_every = 0.2;  // seconds between two reports
  std::string fingerprint;      // of data and options: a checkpoint of another training is not taken up
};

// How good the net is on the checked part. `loss` decides (lower is better); the rest is reported.
struct Quality {
  double loss = 0;
  std::vector<std::pair<std::string, double>> metrics{};
};

// What a batch draws, seeded for each of them.
struct BatchChance {
  explicit BatchChance(Random random);
  Random random;
  at::Generator torch;
};

struct TrainingTask {
  using Batch = std::vector<torch::Tensor>;
  std::int64_t samples = 0;  // in the training part
  // What the net is shown of the samples with these numbers, 0 .. samples-1, and the truth about them. Called in
  // another thread while the net learns from the batch before: it does not touch the net.
  std::function<Batch(std::span<const std::int64_t> numbers, BatchChance& chance)> batch;
  // The loss (a scalar with gradients) of such a batch.
  std::function<torch::Tensor(const Batch& batch)> loss;
  // Called with the net in evaluation mode and without gradients.
  std::function<Quality()> check;
};

struct TrainingResult {
  int epochs = 0;  // done, those before a kill too
  int best_epoch = 0;
  Quality best;
  bool stopped = false;  // on request, before its time
  double seconds = 0;
};

// Trains `net`; afterwards it holds the best weights seen and is in evaluation mode. When stop is requested it leaves
// the best so far, whatever that is.
TrainingResult train(torch::nn::Module& net, const TrainingTask& task, const TrainingPlan& plan, StepContext& context);

// Numbers of samples as an index into tensors.
torch::Tensor tensor_of(std::span<const std::int64_t> numbers);

// Sets torch up for a step: threads from the context, reproducible kernels, everything seeded.
void prepare_torch(const StepContext& context, std::uint64_t seed);

// The training side's samples are cut once more: what is learned from, and what decides when to stop. The cut is by
// class (each class with at least 4 samples gives at least one to the checked part), seeded, and given in rising order.
struct Cut {
  std::vector<std::int64_t> learn;
  std::vector<std::int64_t> check;
};
Cut cut_for_check(std::span<const std::int64_t> classes, double share, std::uint64_t seed);

// Weights and buffers of a net as bytes, and back. Error{invalid} when the bytes belong to another net.
std::string weights_of(const torch::nn::Module& net);
void set_weights(torch::nn::Module& net, const std::string& bytes, std::string_view where);

}  // namespace gyre
