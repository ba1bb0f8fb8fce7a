#include "base/package.hpp"

#include "base/hash.hpp"
#include "tests/fuzz.hpp"

#include <cstdlib>

// Any text as a manifest, as a list of signatures, as a reference: a value or an Error; never a signature that is none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gyre::SigningKey key = gyre::make_signing_key();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    gyre::parse_image_manifest(text, "fuzz");
  } catch (const gyre::Error&) {
  }
  try {
    gyre::parse_image_reference(text);
  } catch (const gyre::Error&) {
  }
  try {
    gyre::require_signature(gyre::parse_json(text, "fuzz"), gyre::digest_of("image"), {key.public_pem});
    std::abort();  // nothing here was signed with this key
  } catch (const gyre::Error&) {
  }
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  using namespace gyre;
  std::string digest = digest_of("image");
  Descriptor config{std::string(config_type), digest, 7}, layer{std::string(layer_type), digest, 9};
  json::object manifest{{"schemaVersion", 2}, {"config", to_json(config)}, {"layers", json::array{to_json(layer)}}};
  json::object signature = signature_manifest(sign_image(make_signing_key(), digest), config);
  json::object list{{"manifests", json::array{signature}}};
  return {json::serialize(manifest), json::serialize(list), "bottle@" + digest};
}
