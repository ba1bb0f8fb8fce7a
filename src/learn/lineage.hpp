#pragma once
#include "base/step.hpp"

namespace gyre {

// Where a model came from: {"step","version","options","inputs":{name: digest}}.
json::object lineage_of(const Step& step, const json::object& options, const StepContext& context);

}  // namespace gyre
