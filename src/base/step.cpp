#include "base/step.hpp"

namespace gyre {

static const StepEntry& entry(std::string_view name) {
  for (auto& entry : all_steps())
    if (entry.step->name == name) return entry;
  throw Error(Code::not_found, "there is no step \"" + std::string(name) + "\"", "`gyre steps` lists them");
}

const Step& get_step(std::string_view name) { return *entry(name).step; }
std::string_view program_of(std::string_view name) { return entry(name).program; }

}  // namespace gyre
