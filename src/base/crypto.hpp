#pragma once
// Keys and certificates (OpenSSL): Ed25519 signatures, a small certificate authority for servers and devices.
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
SigningKey signing_key_from(std::string_view private_pem);  // Error{invalid} when it is no Ed25519 key
std::string key_id(std::string_view public_pem);
std::string sign(std::string_view private_pem, std::string_view message);  // 64 raw bytes
// false when the signature does not fit; Error{invalid} when the key itself cannot be read.
bool verify(std::string_view public_pem, std::string_view message, std::string_view signature);

// A certificate authority: <folder>/ca.crt, ca.key (mode 600), issued.jsonl (every serial, written before the
// certificate is given out) and the revocation list ca.crl, which is there and valid from the start. Made when absent.
// Keys are EC P-256, which every TLS library on small devices knows. The authority lives 20 years, a certificate 10
// (never longer than the authority); both begin a day ago, for devices whose clock is behind.
class Authority {
 public:
  explicit Authority(std::filesystem::path folder);
  struct Issued {
    std::string certificate_pem;
    std::string key_pem;
    std::string serial;  // hex
  };
  // IPs or DNS names; localhost, 127.0.0.1 and ::1 are always among them.
  Issued issue_server(const std::string& name, const std::vector<std::string>& addresses);
  Issued issue_device(const std::string& name);  // CN = name, client use: letters, digits and . _ - only
  void revoke(const std::string& serial);  // rewrites ca.crl; again is no error; Error{not_found} for a serial not ours
  std::vector<std::string> revoked_serials() const;
  std::filesystem::path ca() const { return folder_ / "ca.crt"; }
  std::filesystem::path revoked() const { return folder_ / "ca.crl"; }

 private:
  Issued issue(const std::string& name, bool server, const std::string& alternative_names);
  std::filesystem::path folder_;
};

}  // namespace gyre
