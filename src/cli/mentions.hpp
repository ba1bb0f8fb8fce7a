#pragma once
#include <span>

#include "store/collect.hpp"

namespace gyre {

// The tables of all modules that mention content without holding it: clearing up may take it away. Every other table
// holds what it names.
std::span<const Mention> content_mentions();

}  // namespace gyre
