#include "nets/train_sounds.hpp"

namespace gyre {

extern const Step step_train_sounds = step<TrainSounds>(
    {.name = "train-sounds",
     .command = "train sounds",
     .group = "train",
     .title = "Train on sounds",
     .help = "Trains a classifier of sounds (log-mel and DS-CNN) and writes it as one ONNX file.\n\n"
             "The labels' names are the classes. Beside them the model tells how unlike all it has learned a sound is "
             "(score, with a threshold), so that faults show that no training had. Ctrl-C leaves the best so far; a "
             "training that was killed goes on from its checkpoint.",
     .version = train_sounds_version,
     .inputs = {{"sounds", "sounds", "the sounds"}, {"labels", "labels", "what they are of"}},
     .outputs = {{"model", "model", "the ONNX file"},
                 {"report", "report", "how good it is on the checked part of the training side"}}},
    {field("hold", &TrainSounds::hold, "part held back for validation, chosen by content", {.min = 0, .max = 0.9}),
     field("check", &TrainSounds::check, "part of the training side that decides when to stop",
           {.min = 0.02, .max = 0.5}),
     field("epochs", &TrainSounds::epochs, "passes over the samples at most", {.min = 1, .max = 10000}),
     field("batch", &TrainSounds::batch, "samples in one step of the optimiser", {.min = 2, .max = 1024}),
     field("rate", &TrainSounds::rate, "highest learning rate", {.min = 1e-6, .max = 1}),
     field("sample-rate", &TrainSounds::sample_rate, "in Hz: sounds of another rate are resampled",
           {.min = 4000, .max = 96000}),
     field("seconds", &TrainSounds::seconds, "length of what the model takes: longer sounds are cut, shorter filled up",
           {.min = 0.2, .max = 60}),
     field("patience", &TrainSounds::patience, "epochs without a better result before it stops",
           {.min = 1, .max = 1000}),
     field("seed", &TrainSounds::seed, "the same seed and number of threads give the same file", {.min = 0})},
    GYRE_NETS(train_sounds));

}  // namespace gyre
