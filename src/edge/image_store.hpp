#pragma once
// Images on a device: fetched from a registry (OCI distribution), each layer checked and unpacked once and shared by
// all images that have it. <state>/layers/<hex>/, <state>/images/<hex>.json (there when the image is whole),
// <state>/partial/.
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/http_client.hpp"
#include "base/json.hpp"
#include "base/package.hpp"

namespace gyre {

class ImageStore {
 public:
  explicit ImageStore(std::filesystem::path state);

  bool has(const std::string& digest) const;
  // Fetches what is missing, after the signature was verified; goes on where a killed one stopped. `downloaded` is told
  // of bytes that came over the wire. Error{denied}: no valid signature; {invalid}: bytes that are not what their
  // digest says; {unavailable}: try again later.
  void install(const ImageReference& image, const std::string& registry, const std::string& trusted_public_pem,
               const HttpOptions& http, const std::function<void(std::int64_t)>& downloaded);
  std::vector<std::filesystem::path> layers(const std::string& digest) const;  // lowest first
  json::object config(const std::string& digest) const;                        // the image's own: entrypoint, labels
  // Removes images that are not named, and layers and half downloads that no image left needs.
  void keep_only(const std::set<std::string>& digests);

  // One blob to a file, resumed and checked.
  void fetch_blob(const std::string& url, const Descriptor& blob, const std::filesystem::path& file,
                  const HttpOptions& http, const std::function<void(std::int64_t)>& downloaded);
  std::filesystem::path partial() const { return state_ / "partial"; }

 private:
  std::filesystem::path image_file(const std::string& digest) const;
  std::filesystem::path layer_folder(const std::string& digest) const;
  void unpack(const std::filesystem::path& blob, const Descriptor& layer);
  std::filesystem::path state_;
};

}  // namespace gyre
