#include "base/crypto.hpp"

#include "base/hash.hpp"
#include "base/openssl.hpp"

namespace gyre {

static KeyPointer read_public_key(std::string_view pem) {
  KeyPointer key(PEM_read_bio_PUBKEY(memory_reader(pem).get(), nullptr, nullptr, nullptr));
  if (!key || EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519)
    throw openssl_error("the public key is no Ed25519 key in PEM", Code::invalid);
  return key;
}

static KeyPointer read_signing_key(std::string_view pem) {
  KeyPointer key = read_private_key(pem, "the signing key");
  if (EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) throw Error(Code::invalid, "the signing key is no Ed25519 key");
  return key;
}

static std::string id_of(EVP_PKEY* key) {
  unsigned char raw[32];
  std::size_t size = sizeof(raw);
  openssl_check(EVP_PKEY_get_raw_public_key(key, raw, &size) == 1, "cannot read the public key");
  return digest_of({reinterpret_cast<const char*>(raw), size}).substr(7, 16);
}

static SigningKey describe(EVP_PKEY* key) {
  return {private_pem_of(key), pem_text([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key); }), id_of(key)};
}

SigningKey make_signing_key() {
  KeyPointer key =
      openssl_made(KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), "cannot make a signing key");
  return describe(key.get());
}

SigningKey signing_key_from(std::string_view private_pem) { return describe(read_signing_key(private_pem).get()); }

std::string key_id(std::string_view public_pem) { return id_of(read_public_key(public_pem).get()); }

std::string sign(std::string_view private_pem, std::string_view message) {
  KeyPointer key = read_signing_key(private_pem);
  DigestContext context = openssl_made(DigestContext(EVP_MD_CTX_new()), "memory");
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  openssl_check(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                   reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1,
                "cannot sign");
  signature.resize(size);
  return signature;
}

bool verify(std::string_view public_pem, std::string_view message, std::string_view signature) {
  KeyPointer key = read_public_key(public_pem);
  DigestContext context = openssl_made(DigestContext(EVP_MD_CTX_new()), "memory");
  openssl_check(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1, "cannot verify");
  bool fits =
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  ERR_clear_error();  // a wrong signature leaves one behind, for the next caller to stumble over
  return fits;
}

}  // namespace gyre
