#pragma once
#include <string>

namespace gyre {

std::string random_id();  // 32 hex digits

}  // namespace gyre
