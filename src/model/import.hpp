#pragma once
// Any ONNX file becomes a model as Gyre makes them: what it takes and gives is worked out, nodes that decode and word
// it are put in front of and behind its graph, examples with their answers go in. What it was is still inside.
#include <string>
#include <string_view>
#include <vector>

#include "model/signature.hpp"

namespace gyre {

struct ImportOptions {
  std::string takes = "auto";      // auto | image | sound | series | table | tensors
  std::string task = "auto";       // auto | classify | anomaly | regress | tensors
  std::string layout = "auto";     // of an image: auto | nchw | nhwc
  std::string normalise = "auto";  // of an image: auto | imagenet | unit | signed | none
  std::string colours = "rgb";     // rgb | bgr
  std::vector<std::string> labels;
  std::vector<std::string> columns;  // of a table or series
  std::int64_t rate = 0;             // of a sound or series
  double threshold = 0;
  std::string unit, about;
};

struct ImportedModel {
  std::string bytes;
  std::vector<std::string> findings;  // what was worked out, and what could not be, in words
};

// Error{invalid} or {unsupported} says what is in the way and which option helps.
ImportedModel import_model(std::string_view bytes, const ImportOptions& options);

}  // namespace gyre
