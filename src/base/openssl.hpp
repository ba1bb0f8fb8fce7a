#pragma once
// OpenSSL's objects as values that free themselves, its PEM texts, and its errors as Error.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace gyre {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;
using BioPointer = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using CertificatePointer = std::unique_ptr<X509, OpensslFree<X509_free>>;
using RevocationListPointer = std::unique_ptr<X509_CRL, OpensslFree<X509_CRL_free>>;

// What OpenSSL said last, cleared.
inline Error openssl_error(std::string what, Code code = Code::internal) {
  char text[256] = "";
  if (unsigned long number = ERR_get_error()) ERR_error_string_n(number, text, sizeof(text));
  ERR_clear_error();
  return Error(code, *text ? what + ": " + text : what);
}

inline void openssl_check(bool good, const char* what) {
  if (!good) throw openssl_error(what);
}

template <class T>
T openssl_made(T pointer, const char* what) {
  if (!pointer) throw openssl_error(what);
  return pointer;
}

inline BioPointer memory_reader(std::string_view text) {
  return openssl_made(BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))), "memory");
}

// Runs `write(bio)` and gives what it wrote.
template <class Write>
std::string pem_text(Write write) {
  BioPointer bio = openssl_made(BioPointer(BIO_new(BIO_s_mem())), "memory");
  openssl_check(write(bio.get()) == 1, "cannot write PEM");
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

inline std::string private_pem_of(EVP_PKEY* key) {
  return pem_text(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

inline KeyPointer read_private_key(std::string_view pem, const char* where) {
  KeyPointer key(PEM_read_bio_PrivateKey(memory_reader(pem).get(), nullptr, nullptr, nullptr));
  if (!key) throw openssl_error(std::string(where) + " is no private key in PEM", Code::invalid);
  return key;
}

}  // namespace gyre
