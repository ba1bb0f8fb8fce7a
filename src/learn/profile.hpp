#pragma once
// What is in a table, column by column, and what would spoil a training on it.
#include "learn/table.hpp"

namespace gyre {

// {"rows", "columns": [{"name", "type", "missing", "distinct", ...}], "pairs": [{"a", "b", "correlation"}],
//  "findings": [{"kind", "column"?, "text"}]}. With a target each column also has its "power": the share of the
//  target's
// uncertainty (labels) or variance (numbers) that it takes away alone, from 0 to 1.
json::object profile_of(const Table& table, const std::string& target = {});

// The same for a terminal, with small pictures of how values lie.
std::string profile_in_words(const json::object& profile);

}  // namespace gyre
