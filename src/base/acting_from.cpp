#include "base/acting_from.hpp"

#include <utility>

namespace gyre {

static thread_local std::string acting_from = "process";

ActingFrom::ActingFrom(std::string origin) : former_(std::exchange(acting_from, std::move(origin))) {}
ActingFrom::~ActingFrom() { acting_from = std::move(former_); }
const std::string& ActingFrom::now() { return acting_from; }

}  // namespace gyre
