#include "nets/train_life.hpp"

namespace gyre {

extern const Step step_train_life = step<TrainLife>(
    {.name = "train-life",
     .command = "train life",
     .group = "train",
     .title = "Train on series: remaining life",
     .help = "Learns from runs to failure how long a machine still lives, from a window of its readings.\n\n"
             "Each file is a run from new to broken: its last reading is the end of the life. Whole runs are held back "
             "for validation, chosen by content.",
     .version = train_life_version,
     .inputs = {{"series", "series", "runs to failure, one a file, with a column \"time\""}},
     .outputs = {{"model", "model", "the ONNX file"}, {"report", "report", "how it was learned"}}},
    {field("hold", &TrainLife::hold, "share of the runs held back for validation, chosen by content",
           {.min = 0, .max = 0.9}),
     field("steps", &TrainLife::steps, "readings in a window", {.min = 32, .max = 4096}),
     field("stride", &TrainLife::stride, "readings from one training window to the next", {.min = 1, .max = 4096}),
     field("most", &TrainLife::most, "seconds: a longer life counts as this, since nothing shows of its end yet",
           {.min = 1}),
     field("check", &TrainLife::check, "share of the training runs that decides when to stop",
           {.min = 0.05, .max = 0.5}),
     field("epochs", &TrainLife::epochs, "passes over the windows at most", {.min = 1, .max = 10000}),
     field("batch", &TrainLife::batch, "windows in one step of the optimiser", {.min = 2, .max = 4096}),
     field("rate", &TrainLife::rate, "highest learning rate", {.min = 1e-6, .max = 1}),
     field("patience", &TrainLife::patience, "epochs without a better result before it stops", {.min = 1, .max = 1000}),
     field("seed", &TrainLife::seed, "the same seed and number of threads give the same file", {.min = 0})},
    GYRE_NETS(train_life));

}  // namespace gyre
