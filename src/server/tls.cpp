#include "server/tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include "base/error.hpp"

namespace gyre {

namespace ssl = boost::asio::ssl;
using Failure = boost::system::error_code;

static std::shared_ptr<ssl::context> make_context(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  auto need = [](const Failure& failure, const std::filesystem::path& file) {
    if (failure)
      throw Error(Code::invalid, file.string() + ": " + failure.message(), "a readable PEM file is needed here");
  };
  Failure failure;
  SSL_CTX* raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  // No resumption: every connection proves its certificate against the revocation list of now.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  context->use_certificate_chain_file(files.certificate, failure);
  need(failure, files.certificate);
  context->use_private_key_file(files.key, ssl::context::pem, failure);
  need(failure, files.key);
  if (files.client_ca.empty()) return context;
  context->load_verify_file(files.client_ca, failure);
  need(failure, files.client_ca);
  context->set_verify_mode(files.client_optional ? ssl::verify_peer
                                                 : ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  if (!files.revoked.empty()) {
    X509_STORE* store = SSL_CTX_get_cert_store(raw);
    X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, files.revoked.c_str(), X509_FILETYPE_PEM) <= 0)
      throw Error(Code::invalid, files.revoked.string() + ": no revocation list in PEM");
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  }
  return context;
}

TlsSource::TlsSource(TlsFiles files) : files_(std::move(files)), seen_(stamps()), context_(make_context(files_)) {}

std::string TlsSource::stamps() const {
  std::string all;
  for (auto& file : {files_.certificate, files_.key, files_.client_ca, files_.revoked}) {
    struct stat info {};
    if (!file.empty() && ::stat(file.c_str(), &info) == 0)
      all += std::to_string(info.st_ino) + "." + std::to_string(info.st_size) + "." +
             std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
    all += ";";
  }
  return all;
}

std::shared_ptr<ssl::context> TlsSource::current() {
  if (std::string now = stamps(); now != seen_) {
    context_ = make_context(files_);
    seen_ = now;
  }
  return context_;
}

}  // namespace gyre
