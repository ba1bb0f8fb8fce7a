#include "base/package.hpp"

#include <doctest/doctest.h>

#include "base/hash.hpp"

using namespace gyre;

namespace {

const std::string image_digest = digest_of("image");

// The answer of the referrers endpoint for one signature, as the registry forms it.
json::object referrers_of(const ImageSignature& signature) {
  json::object manifest = signature_manifest(signature, {std::string(manifest_type), image_digest, 5});
  return {{"schemaVersion", 2},
          {"manifests", json::array{{{"mediaType", manifest_type},
                                     {"artifactType", manifest.at("artifactType")},
                                     {"digest", digest_of(json::serialize(manifest))},
                                     {"size", 1},
                                     {"annotations", manifest.at("annotations")}}}}};
}

std::string refusal(const json::value& referrers, std::string_view digest, const std::vector<std::string>& trusted) {
  try {
    require_signature(referrers, digest, trusted);
  } catch (const Error& error) {
    return error.code == Code::denied ? error.text() : "another error: " + error.text();
  }
  return "";
}

}  // namespace

TEST_CASE("a device takes an image that a trusted key signed, and no other") {
  SigningKey key = make_signing_key(), other = make_signing_key();
  json::object good = referrers_of(sign_image(key, image_digest));
  CHECK(require_signature(good, image_digest, {other.public_pem, key.public_pem}) == key.id);
  CHECK(refusal(good, image_digest, {other.public_pem}).find("does not trust") != std::string::npos);
  CHECK(refusal(good, image_digest, {}).find("does not trust") != std::string::npos);
  CHECK(refusal(good, digest_of("altered"), {key.public_pem}).find("altered") != std::string::npos);
  CHECK(refusal({{"manifests", json::array()}}, image_digest, {key.public_pem}).find("not signed") !=
        std::string::npos);
  CHECK(refusal(nullptr, image_digest, {key.public_pem}).find("cannot be read") != std::string::npos);
  ImageSignature forged = sign_image(other, image_digest);
  forged.key = key.id;
  CHECK(refusal(referrers_of(forged), image_digest, {key.public_pem}).find("does not fit") != std::string::npos);
  CHECK(refusal(referrers_of({key.id, "not base64!"}), image_digest, {key.public_pem}).find("does not fit") !=
        std::string::npos);
}

TEST_CASE("image references and names") {
  for (auto name : {"bottle", "a/b-c", "a--b", "a__b", "x.y_z/0"}) CHECK_MESSAGE(is_image_name(name), name);
  for (auto name : {"", "Bottle", "a/", "/a", "a//b", "a..b", "a___b", "../a", "a b", "a_-b"})
    CHECK_FALSE_MESSAGE(is_image_name(name), name);
  CHECK(parse_image_reference("bottle@" + image_digest).name == "bottle");
  for (const std::string& text :
       std::vector<std::string>{"bottle", "bottle@", "bottle@sha256:12", "@" + image_digest, "bottle:1"})
    CHECK_THROWS_AS(parse_image_reference(text), Error);
}

TEST_CASE("manifests that no image has are refused") {
  auto manifest = [](std::string_view type, std::int64_t size, std::string_view digest) {
    json::object value{{"schemaVersion", 2},
                       {"config", to_json(Descriptor{std::string(config_type), image_digest, 2})},
                       {"layers", json::array{{{"mediaType", type}, {"digest", digest}, {"size", size}}}}};
    return json::serialize(value);
  };
  CHECK(parse_image_manifest(manifest(layer_type, 7, image_digest), "m").bytes() == 9);
  CHECK_THROWS_AS(parse_image_manifest(manifest("text/plain", 7, image_digest), "m"), Error);
  CHECK_THROWS_AS(parse_image_manifest(manifest(layer_type, -1, image_digest), "m"), Error);
  CHECK_THROWS_AS(parse_image_manifest(manifest(layer_type, 7, "sha256:../../etc"), "m"), Error);
  for (auto text : {"", "{}", "[]", "null", "{\"schemaVersion\":2}", "{\"schemaVersion\":2,\"config\":1,\"layers\":[]}",
                    "{\"schemaVersion\":2,\"config\":{},\"layers\":{}}"})
    CHECK_THROWS_AS(parse_image_manifest(text, "m"), Error);
}
