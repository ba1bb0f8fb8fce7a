#pragma once
// Keys and certificates (OpenSSL): Ed25519 signatures, a small certificate authority for servers and devices.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

// Ed25519. Keys as PEM texts; a key's id is the first 16 hex digits of SHA-256 over the raw public key.
struct SigningKey {
  std::string private_pem;
  std::string public_pem;
  std::string id;
};
SigningKey make_signing_key();
std::string sign(std::string_view private_pem, std::string_view message);  // 64 raw bytes
bool verify(std::string_view public_pem, std::string_view message, std::string_view signature);

// A certificate authority: <folder>/ca.crt, ca.key (mode 600), serials and the revocation list ca.crl. Made when absent.
class Authority {
 public:
  explicit Authority(std::filesystem::path folder);
  struct Issued {
    std::string certificate_pem;
    std::string key_pem;
    std::string serial;  // hex
  };
  Issued issue_server(const std::string& name, const std::vector<std::string>& addresses);  // IPs or DNS names
  Issued issue_device(const std::string& name);                                             // CN = name, client use
  void revoke(const std::string& serial);                                                   // rewrites ca.crl
  std::filesystem::path ca() const { return folder_ / "ca.crt"; }
  std::filesystem::path revoked() const { return folder_ / "ca.crl"; }

 private:
  std::filesystem::path folder_;
};

}  // namespace gyre
