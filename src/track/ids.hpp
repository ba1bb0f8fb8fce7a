#pragma once
#include <string>

namespace gyre {

// 32 hex digits. A later one is greater than an earlier, but once in seven weeks: rows that come one after the other
// then lie side by side in an index, and a commit writes few of its pages. The first eight, which lists show, are those
// of one millisecond.
std::string new_id();

}  // namespace gyre
