#include "base/package.hpp"

#include "base/hash.hpp"

namespace gyre {

static constexpr std::uint64_t largest_blob = std::uint64_t{1} << 40;
static constexpr std::string_view key_annotation = "gyre.signature.key";
static constexpr std::string_view value_annotation = "gyre.signature.value";
static constexpr std::string_view empty_type = "application/vnd.oci.empty.v1+json";

bool is_image_name(std::string_view name) {
  if (name.empty() || name.size() > 200) return false;
  auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!word(name.front()) || !word(name.back())) return false;
  for (std::size_t i = 1; i < name.size(); i++) {
    if (word(name[i])) continue;
    if (name[i] != '.' && name[i] != '_' && name[i] != '-' && name[i] != '/') return false;
    // Separators stand alone between words, but for "__" and any number of '-'.
    if (!word(name[i - 1]) && !(name[i] == '-' && name[i - 1] == '-') &&
        !(name[i] == '_' && name[i - 1] == '_' && word(name[i - 2])))
      return false;
  }
  return true;
}

ImageReference parse_image_reference(std::string_view text) {
  auto at = text.find('@');
  ImageReference reference{std::string(text.substr(0, at)), at == text.npos ? "" : std::string(text.substr(at + 1))};
  if (!is_image_name(reference.name) || !is_digest(reference.digest))
    throw Error(Code::invalid, "\"" + std::string(text) + "\" names no image",
                "write it as name@sha256:<64 hex digits>");
  return reference;
}

Descriptor descriptor_from(const json::value& value) {
  std::int64_t size = get_int(value, "size");
  Descriptor descriptor{get_string(value, "mediaType"), get_string(value, "digest"), static_cast<std::uint64_t>(size)};
  if (!is_digest(descriptor.digest))
    throw Error(Code::invalid, "\"" + descriptor.digest + "\" is no digest of the form sha256:<64 hex digits>");
  if (size < 0 || descriptor.size > largest_blob)
    throw Error(Code::invalid, descriptor.digest + ": a size of " + std::to_string(size) + " bytes cannot be");
  return descriptor;
}

json::object to_json(const Descriptor& descriptor) {
  return {{"mediaType", descriptor.type}, {"digest", descriptor.digest}, {"size", descriptor.size}};
}

std::uint64_t ImageManifest::bytes() const {
  std::uint64_t sum = config.size;
  for (auto& layer : layers) sum += layer.size;
  return sum;
}

ImageManifest parse_image_manifest(std::string_view bytes, std::string_view where) {
  json::value value = parse_json(bytes, where);
  auto refuse = [&](const std::string& what) { return Error(Code::invalid, std::string(where) + ": " + what); };
  if (get_int(value, "schemaVersion") != 2) throw refuse("not an OCI manifest of schema version 2");
  if (string_or(value, "mediaType", manifest_type) != manifest_type)
    throw refuse("media type " + get_string(value, "mediaType") + " is no image manifest");
  const json::value* config = find(value, "config");
  const json::value* layers = find(value, "layers");
  if (!config || !layers || !layers->is_array()) throw refuse("an image manifest has \"config\" and \"layers\"");
  if (layers->get_array().size() > 128) throw refuse("more than 128 layers");
  ImageManifest manifest{descriptor_from(*config), {}};
  if (manifest.config.type != config_type) throw refuse("a config of type " + manifest.config.type + " is no image's");
  for (auto& layer : layers->get_array()) {
    manifest.layers.push_back(descriptor_from(layer));
    if (manifest.layers.back().type != layer_type)
      throw refuse("a layer of type " + manifest.layers.back().type + " cannot be unpacked here");
  }
  return manifest;
}

std::string signed_message(std::string_view manifest_digest) {
  // The type in front keeps this signature from being taken for one over something else.
  return std::string(signature_type) + "\n" + std::string(manifest_digest) + "\n";
}

ImageSignature sign_image(const SigningKey& key, std::string_view manifest_digest) {
  return {key.id, base64(sign(key.private_pem, signed_message(manifest_digest)))};
}

json::object signature_manifest(const ImageSignature& signature, const Descriptor& image) {
  json::object empty = to_json(Descriptor{std::string(empty_type), digest_of("{}"), 2});
  return {{"schemaVersion", 2},
          {"mediaType", manifest_type},
          {"artifactType", signature_type},
          {"config", empty},
          {"layers", json::array{empty}},
          {"subject", to_json(image)},
          {"annotations", {{key_annotation, signature.key}, {value_annotation, signature.value}}}};
}

std::string require_signature(const json::value& referrers, std::string_view manifest_digest,
                              const std::vector<std::string>& trusted_public_pems) {
  auto refuse = [&](const std::string& what) {
    return Error(
        Code::denied, "image " + std::string(manifest_digest) + " is refused: " + what,
        "push it with `gyre package push`, which signs with the workspace's key, and give the device that key");
  };
  const json::value* manifests = find(referrers, "manifests");
  if (!manifests || !manifests->is_array()) throw refuse("the registry's list of signatures cannot be read");
  bool unknown_key = false, wrong = false;
  for (auto& one : manifests->get_array()) {
    if (string_or(one, "artifactType", "") != signature_type) continue;
    const json::value* annotations = find(one, "annotations");
    if (!annotations || !annotations->is_object()) continue;
    std::string key = string_or(*annotations, key_annotation, "");
    std::string value = string_or(*annotations, value_annotation, "");
    bool known = false;
    for (auto& pem : trusted_public_pems) {
      if (key_id(pem) != key) continue;
      known = true;
      std::string signature;
      try {
        signature = from_base64(value);
      } catch (const Error&) {  // no base64 is no signature: told below, with the others that do not fit
      }
      if (verify(pem, signed_message(manifest_digest), signature)) return key;
    }
    (known ? wrong : unknown_key) = true;
  }
  if (wrong) throw refuse("its signature does not fit, so it was altered or signed as another image");
  if (unknown_key) throw refuse("it is signed by a key that this device does not trust");
  throw refuse("it is not signed");
}

}  // namespace gyre
