#pragma once
// The card of a model that AutoML made: what it is, how it was found, how good it is, what to mind.
#include <string>

#include "base/json.hpp"

namespace gyre {

// From the report (docs/auto.md), as Markdown.
std::string card_of(const json::object& report);

}  // namespace gyre
