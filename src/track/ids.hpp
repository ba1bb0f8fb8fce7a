#pragma once
#include <string>

namespace gyre {

// 32 hex digits, a later one greater than an earlier: rows that come one after the other then lie side by side in an
// index, and a commit writes few of its pages.
std::string new_id();

}  // namespace gyre
