#include "base/crypto.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/file.hpp"
#include "base/process.hpp"

using namespace gyre;

TEST_CASE("a signature fits its message and its key only") {
  SigningKey key = make_signing_key(), other = make_signing_key();
  std::string signature = sign(key.private_pem, "message");
  CHECK(signature.size() == 64);
  CHECK(verify(key.public_pem, "message", signature));
  CHECK_FALSE(verify(key.public_pem, "massage", signature));
  CHECK_FALSE(verify(other.public_pem, "message", signature));
  signature[10] = static_cast<char>(signature[10] ^ 1);
  CHECK_FALSE(verify(key.public_pem, "message", signature));
  CHECK_FALSE(verify(key.public_pem, "message", ""));
  CHECK_THROWS_AS(verify("no key", "message", signature), Error);
}

TEST_CASE("a signing key read back is the same key") {
  SigningKey key = make_signing_key();
  SigningKey again = signing_key_from(key.private_pem);
  CHECK(again.public_pem == key.public_pem);
  CHECK(again.id == key.id);
  CHECK(key_id(key.public_pem) == key.id);
  CHECK(key.id.size() == 16);
  CHECK_THROWS_AS(signing_key_from(key.public_pem), Error);
}

namespace {

// What a TLS library would say of the certificate: the openssl program's verdict.
Finished judged(const Authority& authority, const fs::path& certificate, const std::string& purpose) {
  return run_program({"openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", authority.ca().string(), "-CRLfile",
                      authority.revoked().string(), "-purpose", purpose, certificate.string()});
}

}  // namespace

TEST_CASE("the authority's certificates are accepted for their use until they are revoked") {
  TemporaryFolder folder;
  Authority authority(folder.path() / "ca");
  CHECK((fs::status(folder.path() / "ca/ca.key").permissions() & fs::perms(077)) == fs::perms::none);
  auto device = authority.issue_device("line-1"), second = authority.issue_device("line-1");
  auto server = authority.issue_server("gyre", {"192.168.1.7", "factory.example", "127.0.0.1"});
  CHECK(device.serial != second.serial);
  write_file(folder.path() / "device.crt", device.certificate_pem);
  write_file(folder.path() / "second.crt", second.certificate_pem);
  write_file(folder.path() / "server.crt", server.certificate_pem);
  CHECK(judged(authority, folder.path() / "device.crt", "sslclient").code == 0);
  CHECK(judged(authority, folder.path() / "device.crt", "sslserver").code != 0);
  CHECK(judged(authority, folder.path() / "server.crt", "sslserver").code == 0);
  auto text = run_program(
      {"openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", (folder.path() / "server.crt").string()});
  for (auto name : {"DNS:localhost", "IP Address:127.0.0.1", "IP Address:192.168.1.7", "DNS:factory.example"})
    CHECK_MESSAGE(text.output.find(name) != std::string::npos, text.output);

  authority.revoke(device.serial);
  authority.revoke(device.serial);
  Finished refused = judged(authority, folder.path() / "device.crt", "sslclient");
  CHECK(refused.code != 0);
  CHECK(refused.output.find("certificate revoked") != std::string::npos);
  CHECK(judged(authority, folder.path() / "second.crt", "sslclient").code == 0);

  Authority again(folder.path() / "ca");  // the same authority, not a new one
  CHECK(again.revoked_serials() == std::vector<std::string>{device.serial});
  again.revoke(second.serial);
  CHECK(again.revoked_serials().size() == 2);
  CHECK(judged(again, folder.path() / "device.crt", "sslclient").code != 0);
  CHECK(judged(again, folder.path() / "server.crt", "sslserver").code == 0);
}

TEST_CASE("another authority's certificate is refused, and so are names that mean something elsewhere") {
  TemporaryFolder folder;
  Authority ours(folder.path() / "a"), theirs(folder.path() / "b");
  write_file(folder.path() / "x.crt", theirs.issue_device("line-1").certificate_pem);
  CHECK(judged(ours, folder.path() / "x.crt", "sslclient").code != 0);
  for (auto name : {"", "a/b", "a+b", "#", "a\nb", "a,b"}) CHECK_THROWS_AS(ours.issue_device(name), Error);
  CHECK_THROWS_AS(ours.issue_server("gyre", {"a,DNS:evil"}), Error);
  CHECK_THROWS_AS(ours.revoke("00"), Error);
  CHECK_THROWS_AS(ours.revoke("0123456789abcdef0123456789abcdef"), Error);
}

TEST_CASE("an authority that was cut off while it was made is made again") {
  TemporaryFolder folder;
  { Authority authority(folder.path()); }
  fs::remove(folder.path() / "ca.crt");
  fs::remove(folder.path() / "ca.crl");
  Authority authority(folder.path());
  write_file(folder.path() / "device.crt", authority.issue_device("line-1").certificate_pem);
  CHECK(judged(authority, folder.path() / "device.crt", "sslclient").code == 0);
  fs::remove(folder.path() / "ca.crl");
  Authority after(folder.path());
  CHECK(judged(after, folder.path() / "device.crt", "sslclient").code == 0);
}
