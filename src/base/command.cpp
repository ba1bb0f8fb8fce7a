#include "base/command.hpp"

#include <cstdio>

namespace gyre {

void CommandContext::print(const json::value& value) const { std::printf("%s\n", pretty(value).c_str()); }

}  // namespace gyre
