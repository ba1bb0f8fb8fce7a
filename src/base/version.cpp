#include "base/version.hpp"

namespace gyre {

std::string_view version() { return GYRE_VERSION; }

}  // namespace gyre
