#pragma once
// What the parts of an import share; for the files of this folder only.
#include "model/import.hpp"
#include "model/onnx/editor.hpp"
#include "model/session.hpp"

namespace gyre {

// Inputs that a graph accepts, and what it answered.
struct Probe {
  std::vector<Tensor> inputs, outputs;
};

struct ImportWork {
  GraphEditor editor;
  const ImportOptions& options;
  std::vector<TensorInfo> inputs, outputs;  // of the graph as it came, without maps
  std::vector<Probe> probes;                // of it; empty when no made-up input is accepted
  Signature signature;
  std::vector<std::string> findings;
};

// Values of those shapes, none of them special; sizes that are free become `free`, the first 1.
std::vector<Tensor> made_up_inputs(const std::vector<TensorInfo>& inputs, std::int64_t free, unsigned seed);
// Three probes with the first free size that is accepted.
std::vector<Probe> probed(const Session& session);

// Maps and sequences of maps, as scikit-learn's converter gives them, become the tensors they are made of, their keys
// labels. Gives the labels.
std::vector<std::string> open_maps(GraphEditor& editor, std::vector<std::string>& findings);

// Where the channels of the one input are.
enum class Layout { none, channels_first, channels_last };
Layout layout_of(const ImportWork& work);
void take_picture(ImportWork& work, Layout layout);

// What the model gives: names its answers as the signature's task has them.
void word_answers(ImportWork& work);

}  // namespace gyre
