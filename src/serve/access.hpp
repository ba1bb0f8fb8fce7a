#pragma once
// From the options of `gyre serve` to what its ports are guarded with.
#include "serve/admission.hpp"

namespace gyre {

struct AccessOptions {
  std::string address = "127.0.0.1";
  bool tls = false;
  std::string tls_certificate, tls_key;
  std::string key_file;
  bool auth = false;
  double requests_per_second = 0;
  std::int64_t at_once = 0;
};

// Error{denied} for what would let everybody in, Error{invalid} for what does not go together.
void check_access(const AccessOptions& options);
// Nothing: plain. --tls alone takes a certificate of the workspace's own authority.
std::optional<TlsFiles> tls_files(const AccessOptions& options);
// Nothing: everybody may do everything.
std::unique_ptr<Admission> make_admission(const AccessOptions& options);

}  // namespace gyre
