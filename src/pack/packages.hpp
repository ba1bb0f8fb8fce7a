#pragma once
// Packages: images that this workspace signed and gives out, in the order they were pushed.
#include <string>
#include <vector>

#include "base/crypto.hpp"
#include "base/route.hpp"
#include "store/workspace.hpp"

namespace gyre {

// The key that signs images: <workspace>/keys/signing.pem (mode 600), made when first needed; its public half, which
// devices are given, lies beside it as signing.pub.
SigningKey workspace_signing_key(Workspace& workspace);

// {"image": "name@sha256:...", "name", "digest", "bytes", "layers": [{"digest","size"}...], "update_bytes": what a
// device with the former package of that name downloads, "former"?: its digest, "model": digest of the model, "key":
// who signed, "pushed_at"}
using Package = json::object;

// Takes an image layout's image into the repository `name` (empty: the image's own title), signed. `package` is the
// digest of the layout's folder. The same package again changes nothing.
Package push_package(Workspace& workspace, const std::string& package, const std::string& name, const std::string& who);
std::vector<Package> list_packages(Workspace& workspace);  // newest first
// "name" (newest) or "name@sha256:...".
Package get_package(Workspace& workspace, const std::string& reference);
// What a device that has `former` downloads for `image`, both manifests' digests in repository `name`.
std::uint64_t update_bytes(Workspace& workspace, const std::string& name, const std::string& former,
                           const std::string& image);

// The samples of a data set as one tar of flat files, for devices to validate on: GET /v2/gyre-data/blobs/<digest>.
// {"data": digest, "samples": n, "bytes"}
struct DataRequest {
  std::string frames;        // digest of the data set
  std::string labels;        // digest of a layer of labels; empty: samples without labels too
  std::string part = "all";  // all | train | hold
  double share = 0.2;        // what is held back
};
json::object publish_data(Workspace& workspace, const DataRequest& request);

// /api/packages
std::vector<Route> package_routes(Workspace& workspace);

}  // namespace gyre
