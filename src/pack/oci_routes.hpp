#pragma once
// The registry as OCI clients speak to it: OCI distribution 1.1, everything below /v2/. docs/formats/registry.md.
#include "pack/registry.hpp"

namespace gyre {

// Mount them with oci_error_response, so that errors have the form that OCI clients read. `may_write` decides who
// may push and delete; devices only read.
std::vector<Route> oci_routes(Workspace& workspace, std::function<bool(const Request&)> may_write = {});
Response oci_error_response(const Error& error);

}  // namespace gyre
