#pragma once
// The labelled samples that a classifier learns from, with what is to be said about them.
#include "base/step.hpp"
#include "data/dataset.hpp"

namespace gyre {

// `what` in words: "pictures". Error{invalid} when fewer than two classes have enough samples to learn.
Dataset load_labelled(std::string_view port, std::string_view what, double hold, StepContext& context);

}  // namespace gyre
