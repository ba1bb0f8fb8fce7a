#pragma once
// A training's state on disk: one file, replaced whole after an epoch, so that a killed training goes on from there.
#include <filesystem>
#include <optional>

#include "nets/trainer.hpp"

namespace gyre {

struct TrainingState {
  int epoch = 0;           // done
  std::int64_t steps = 0;  // of the optimiser
  int best_epoch = 0;
  Quality best;
  double rate_factor = 1;  // of the plateau schedule
  int rate_since = 0;      // the epoch of its last change or of the last improvement
  double seconds = 0;      // spent before
  bool ended = false;      // nothing is left to train; the kill came between the last epoch and the step's end
};

// Parameters, then buffers, without gradients; they share the net's memory.
std::vector<torch::Tensor> state_of(const torch::nn::Module& net);
std::vector<torch::Tensor> copy_of(const std::vector<torch::Tensor>& tensors);
void put_state(torch::nn::Module& net, const std::vector<torch::Tensor>& state);

class Checkpoint {
 public:
  Checkpoint(std::filesystem::path file, std::string fingerprint)
      : file_(std::move(file)), fingerprint_(std::move(fingerprint)) {}
  void save(const torch::nn::Module& net, const torch::optim::Optimizer& optimizer,
            const std::vector<torch::Tensor>& average, const std::vector<torch::Tensor>& best,
            const TrainingState& state) const;
  // Fills everything from the file. Nothing when there is none, or when it belongs to another training.
  std::optional<TrainingState> load(torch::nn::Module& net, torch::optim::Optimizer& optimizer,
                                    std::vector<torch::Tensor>& average, std::vector<torch::Tensor>& best) const;

 private:
  std::filesystem::path file_;
  std::string fingerprint_;
};

}  // namespace gyre
