#include "nets/train_images.hpp"

namespace gyre {

extern const Step step_train_images;
const Step step_train_images = step<TrainImages>(
    {.name = "train-images",
     .command = "train images",
     .group = "train",
     .title = "Train on pictures",
     .help = "Trains a classifier of pictures (SqueezeNet) and writes it as one ONNX file.\n\n"
             "The labels' names are the classes. The part that is held back is never seen; a part of the rest decides "
             "when to "
             "stop. With `start` the weights of an earlier training are trained on, which takes fewer epochs. Ctrl-C "
             "leaves "
             "the best so far; a training that was killed goes on from its checkpoint.",
     .version = train_images_version,
     .inputs = {{"frames", "images", "the pictures"},
                {"labels", "labels", "what they show"},
                {"start", "any", "weights of an earlier training to go on from", true}},
     .outputs = {{"model", "model", "the ONNX file"},
                 {"report", "report", "how good it is on the checked part of the training side"},
                 {"weights", "any", "for a later training to start from"}}},
    {field("hold", &TrainImages::hold, "part held back for validation, chosen by content", {.min = 0, .max = 0.9}),
     field("check", &TrainImages::check, "part of the training side that decides when to stop",
           {.min = 0.02, .max = 0.5}),
     field("epochs", &TrainImages::epochs, "passes over the samples; 0: by their number", {.min = 0, .max = 10000}),
     field("batch", &TrainImages::batch, "samples in one step of the optimiser", {.min = 2, .max = 1024}),
     field("rate", &TrainImages::rate, "highest learning rate; 0: 0.004, with `start` 0.003", {.min = 0, .max = 1}),
     field("size", &TrainImages::size, "pixels of the net's square input; 0: by the pictures", {.min = 0, .max = 1024}),
     field("augment", &TrainImages::augment, "how much training pictures are varied",
           {.choices = {"none", "usual", "strong"}}),
     field("flip", &TrainImages::flip, "mirrored pictures too; auto: unless a label names a side",
           {.choices = {"auto", "yes", "no"}}),
     field("patience", &TrainImages::patience, "epochs without a better result before it stops",
           {.min = 1, .max = 1000}),
     field("seed", &TrainImages::seed, "the same seed and number of threads give the same file", {.min = 0})},
    GYRE_NETS(train_images));

}  // namespace gyre
