#include "nets/train_series.hpp"

namespace gyre {

extern const Step step_train_series = step<TrainSeries>(
    {.name = "train-series",
     .command = "train series",
     .group = "train",
     .title = "Train on series: anomalies",
     .help =
         "Learns what is usual in series with several channels and writes a model that tells what is not.\n\n"
         "Give recordings in which all was well. An auto-encoder learns how the channels go together; the score of a "
         "window is how far its worst channel is from that, in units of what is usual. Missing readings are left "
         "out, in training and later.",
     .version = train_series_version,
     .inputs = {{"series", "series", "recordings of normal operation, one a file, with a column \"time\""},
                {"rule", "rule", "cleans the readings first, as the device will", true}},
     .outputs = {{"model", "model", "the ONNX file"}, {"report", "report", "how it was learned"}}},
    {field("steps", &TrainSeries::steps, "readings in a window", {.min = 4, .max = 4096}),
     field("stride", &TrainSeries::stride, "readings from one training window to the next", {.min = 1, .max = 4096}),
     field("check", &TrainSeries::check, "share of the recordings that decides when to stop and what is usual",
           {.min = 0.05, .max = 0.5}),
     field("usual", &TrainSeries::usual, "share of normal windows below the threshold, before the margin",
           {.min = 0.5, .max = 1}),
     field("margin", &TrainSeries::margin, "the threshold is this times what is usual", {.min = 1, .max = 100}),
     field("epochs", &TrainSeries::epochs, "passes over the windows at most", {.min = 1, .max = 10000}),
     field("batch", &TrainSeries::batch, "windows in one step of the optimiser", {.min = 2, .max = 4096}),
     field("rate", &TrainSeries::rate, "highest learning rate", {.min = 1e-6, .max = 1}),
     field("patience", &TrainSeries::patience, "epochs without a better result before it stops",
           {.min = 1, .max = 1000}),
     field("seed", &TrainSeries::seed, "the same seed and number of threads give the same file", {.min = 0})},
    GYRE_NETS(train_series));

}  // namespace gyre
