#pragma once
// The card of a registered version, for people: what it is for, takes and gives, where it came from, how good it is.
#include <string>

#include "track/registry.hpp"

namespace gyre {

std::string model_card(Workspace& workspace, const ModelVersion& version);  // Markdown

}  // namespace gyre
