#include "learn/lineage.hpp"

#include "store/blobs.hpp"

namespace gyre {

json::object lineage_of(const Step& step, const json::object& options, const StepContext& context) {
  json::object inputs;
  for (auto& port : step.inputs)
    if (context.has_input(port.name)) inputs[port.name] = digest_of_content(context.input(port.name));
  return {{"step", step.name}, {"version", step.version}, {"options", options}, {"inputs", std::move(inputs)}};
}

}  // namespace gyre
