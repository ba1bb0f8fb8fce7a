#pragma once
#include <string>

#include "serve/repository.hpp"

namespace gyre {

// In Prometheus' text form, with the names that dashboards for Triton know and histograms of our own beside them.
std::string metrics_text(const Repository& repository);

}  // namespace gyre
