#pragma once
// What the maker of an image and the device that runs it must agree on: references, the OCI manifest, the signature.
// docs/formats/package.md and docs/formats/signature.md describe the same for people.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace gyre {

inline constexpr std::string_view manifest_type = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view index_type = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view config_type = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view layer_type = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view signature_type = "application/vnd.gyre.signature.v1";
inline constexpr std::string_view data_repository = "gyre-data";  // where tars of held-back inputs are fetched from

// "bottle@sha256:<64 hex>". Names are OCI's: lower case letters and digits, parts joined by . _ - and /.
struct ImageReference {
  std::string name;
  std::string digest;
  std::string text() const { return name + "@" + digest; }
};
bool is_image_name(std::string_view name);
ImageReference parse_image_reference(std::string_view text);

struct Descriptor {
  std::string type;
  std::string digest;
  std::uint64_t size = 0;
};
Descriptor descriptor_from(const json::value& value);
json::object to_json(const Descriptor& descriptor);

// An image's manifest, checked: digests well-formed, sizes bounded, every layer of a type that is known here.
struct ImageManifest {
  Descriptor config;
  std::vector<Descriptor> layers;  // lowest first
  std::uint64_t bytes() const;     // what a device without any of it downloads, the manifest itself apart
};
ImageManifest parse_image_manifest(std::string_view bytes, std::string_view where);

// The signature is Ed25519 over signed_message(). It travels as an OCI artifact that refers to the image: a manifest
// with `artifactType` signature_type, `subject` the image's manifest, and the two members as annotations; GET
// /v2/<name>/referrers/<digest> therefore answers all that a device needs.
struct ImageSignature {
  std::string key;    // id of the key that signed
  std::string value;  // base64 of 64 bytes
};
std::string signed_message(std::string_view manifest_digest);
ImageSignature sign_image(const SigningKey& key, std::string_view manifest_digest);
json::object signature_manifest(const ImageSignature& signature, const Descriptor& image);

// For the device: throws Error{denied}, naming the reason, unless `referrers` (the answer of the referrers endpoint)
// holds a signature over `manifest_digest` that one of the trusted public keys (PEM) made. Gives the id of that key.
std::string require_signature(const json::value& referrers, std::string_view manifest_digest,
                              const std::vector<std::string>& trusted_public_pems);

}  // namespace gyre
