#pragma once
#include <cstdlib>

#include "base/http_client.hpp"

namespace gyre {

// How a program of ours talks to the server that started it, or that its user names: $GYRE_TOKEN, and $GYRE_CA for a
// server whose certificate the system does not know.
inline HttpOptions http_options_from_environment() {
  HttpOptions options;
  if (const char* token = std::getenv("GYRE_TOKEN")) options.token = token;
  if (const char* authority = std::getenv("GYRE_CA")) options.ca = authority;
  return options;
}

}  // namespace gyre
