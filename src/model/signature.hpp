#pragma once
// What a model says of itself, inside the ONNX file (metadata_props, keys "gyre.signature", "gyre.lineage",
// "gyre.golden"): what it takes, what it gives, in words; where it came from; examples with their answers.
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/tensor.hpp"

namespace gyre {

struct Signature {
  // image:  u8 [1, height, width, 3], pixels 0-255, any size (the graph resizes)
  // sound:  f32 [1, samples] at `rate`, -1 .. 1
  // series: f32 [1, steps, columns], raw sensor readings at `rate` Hz; NaN where a reading is missing
  // table:  an input for each column ([rows, 1], named like it), or one of all `columns` ([rows, columns])
  // tensors: whatever the inputs are, by name
  std::string takes;                 // image | sound | series | table | tensors
  int rate = 0;                      // of a sound or series
  std::int64_t samples = 0;          // of a sound: its length; of a series: its steps
  std::vector<std::string> columns;  // of a series or table

  // classify: f32 "probabilities" [1, labels]
  // anomaly:  f32 "score" [1]: alarm where it is >= threshold
  // regress:  f32 "value" [1] in `unit`
  // forecast: f32 "forecast" [steps ahead] in `unit`
  // tensors:  whatever the outputs are, by name
  // A classifier may give "score" beside "probabilities": how unlike all it has seen the input is.
  std::string task;  // classify | anomaly | regress | forecast | tensors
  std::vector<std::string> labels;
  double threshold = 0;  // for "score"
  std::string unit;
  std::string about;  // one sentence
};

json::object to_json(const Signature& signature);
Signature signature_from(const json::value& value);

// An input as the graph takes it and the answers it gave when the model was made.
struct Golden {
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};
std::string pack_golden(const std::vector<Golden>& golden);  // compressed, base64: for metadata_props
std::vector<Golden> unpack_golden(std::string_view text);

}  // namespace gyre
