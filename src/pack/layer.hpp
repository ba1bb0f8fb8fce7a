#pragma once
// Layers: tars packed with gzip, kept in the user's cache by the digest of the tar, since packing the libraries costs
// seconds and every model's image has the same ones.
#include <filesystem>
#include <string>

#include "base/package.hpp"
#include "base/tar.hpp"

namespace gyre {

struct Layer {
  Descriptor descriptor;  // of the packed bytes
  std::string diff_id;    // digest of the tar, as the image's config names it
};

// Writes the packed layer to <blobs>/<hex of its digest>.
Layer write_layer(const TarWriter& tar, const std::filesystem::path& blobs);

// $GYRE_CACHE, or $XDG_CACHE_HOME/gyre, or ~/.cache/gyre; empty: nowhere to keep anything.
std::filesystem::path cache_folder();

}  // namespace gyre
