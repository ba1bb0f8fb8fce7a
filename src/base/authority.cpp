#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/openssl.hpp"

namespace gyre {

namespace {

constexpr int days_before = 1;
constexpr int authority_days = 20 * 365;
constexpr int certificate_days = 10 * 365;

// Held while the authority's files change: two processes, or two threads, never write the list over each other.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder) : file_(open_file(folder / "lock", O_RDWR | O_CREAT, 0600)) {
    while (::flock(file_.get(), LOCK_EX) != 0)
      if (errno != EINTR) throw system_error(errno, (folder / "lock").string());
  }

 private:
  FileHandle file_;
};

KeyPointer make_key() {
  return openssl_made(KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")), "cannot make a key");
}

struct Pair {
  CertificatePointer certificate;
  KeyPointer key;
};

CertificatePointer read_certificate(const fs::path& path) {
  std::string text = read_file(path);
  CertificatePointer certificate(PEM_read_bio_X509(memory_reader(text).get(), nullptr, nullptr, nullptr));
  if (!certificate) throw openssl_error(path.string() + " is no certificate in PEM", Code::invalid);
  return certificate;
}

Pair read_pair(const fs::path& folder) {
  Pair pair{read_certificate(folder / "ca.crt"), read_private_key(read_file(folder / "ca.key"), "ca.key")};
  if (X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1)
    throw openssl_error((folder / "ca.key").string() + " is not the key of ca.crt", Code::invalid);
  return pair;
}

using BigNumber = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;

// Random, so that no counter can be lost and used twice; the first bit is 0 (positive), the second 1 (always 16 bytes).
std::string make_serial() {
  unsigned char bytes[16];
  openssl_check(RAND_bytes(bytes, sizeof(bytes)) == 1, "no random numbers");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);
  return hex({reinterpret_cast<const char*>(bytes), sizeof(bytes)});
}

void set_serial(ASN1_INTEGER* target, const std::string& serial) {
  BIGNUM* made = nullptr;
  openssl_check(BN_hex2bn(&made, serial.c_str()) > 0, "serial");
  BigNumber number(made);
  openssl_check(BN_to_ASN1_INTEGER(number.get(), target) != nullptr, "serial");
}

std::string serial_text(const ASN1_INTEGER* serial) {
  BigNumber number = openssl_made(BigNumber(ASN1_INTEGER_to_BN(serial, nullptr)), "serial");
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return hex(bytes);
}

CertificatePointer new_certificate(const std::string& name, const std::string& serial, EVP_PKEY* key, int days) {
  CertificatePointer certificate = openssl_made(CertificatePointer(X509_new()), "certificate");
  X509* c = certificate.get();
  set_serial(X509_get_serialNumber(c), serial);
  openssl_check(X509_set_version(c, 2) == 1 && X509_set_pubkey(c, key) == 1 &&
                    X509_time_adj_ex(X509_getm_notBefore(c), -days_before, 0, nullptr) &&
                    X509_time_adj_ex(X509_getm_notAfter(c), days, 0, nullptr) &&
                    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                                               reinterpret_cast<const unsigned char*>(name.data()),
                                               static_cast<int>(name.size()), -1, 0) == 1,
                "cannot fill in the certificate");
  return certificate;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  openssl_check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "cannot add an extension");
}

std::string pem_of(X509* certificate) {
  return pem_text([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void make_authority(const fs::path& folder) {
  KeyPointer key = make_key();
  // The id in the name keeps two workspaces' authorities apart in a device's log.
  std::string serial = make_serial();
  CertificatePointer certificate =
      new_certificate("Gyre authority " + serial.substr(0, 8), serial, key.get(), authority_days);
  X509* c = certificate.get();
  openssl_check(X509_set_issuer_name(c, X509_get_subject_name(c)) == 1, "issuer");
  add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(c, c, NID_subject_key_identifier, "hash");
  openssl_check(X509_sign(c, key.get(), EVP_sha256()) > 0, "cannot sign the authority's certificate");
  // The certificate last: as long as it is absent, nothing was made.
  write_file(folder / "ca.key", private_pem_of(key.get()), 0600);
  write_file(folder / "ca.crt", pem_of(c));
}

RevocationListPointer read_list(const fs::path& path) {
  std::string text = read_file(path);
  RevocationListPointer list(PEM_read_bio_X509_CRL(memory_reader(text).get(), nullptr, nullptr, nullptr));
  if (!list) throw openssl_error(path.string() + " is no revocation list in PEM", Code::invalid);
  return list;
}

void add_revoked(X509_CRL* list, const std::string& serial) {
  std::unique_ptr<X509_REVOKED, OpensslFree<X509_REVOKED_free>> entry(X509_REVOKED_new());
  std::unique_ptr<ASN1_INTEGER, OpensslFree<ASN1_INTEGER_free>> number(ASN1_INTEGER_new());
  std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>> at(ASN1_TIME_set(nullptr, std::time(nullptr)));
  openssl_check(entry && number && at, "memory");
  set_serial(number.get(), serial);
  openssl_check(X509_REVOKED_set_serialNumber(entry.get(), number.get()) == 1 &&
                    X509_REVOKED_set_revocationDate(entry.get(), at.get()) == 1 &&
                    X509_CRL_add0_revoked(list, entry.get()) == 1,
                "cannot add to the revocation list");
  entry.release();  // the list owns it now
}

// Signs the list and puts it in place. It stays valid as long as the authority: a list that expires would lock out
// every device on the day that the server forgets to renew it.
void write_list(const fs::path& folder, X509_CRL* list) {
  Pair pair = read_pair(folder);
  std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>> from(X509_time_adj_ex(nullptr, -days_before, 0, nullptr));
  std::unique_ptr<ASN1_INTEGER, OpensslFree<ASN1_INTEGER_free>> number(ASN1_INTEGER_new());
  openssl_check(from && number && ASN1_INTEGER_set_int64(number.get(), now_ms()) == 1, "memory");
  openssl_check(X509_CRL_set_version(list, 1) == 1 &&
                    X509_CRL_set_issuer_name(list, X509_get_subject_name(pair.certificate.get())) == 1 &&
                    X509_CRL_set1_lastUpdate(list, from.get()) == 1 &&
                    X509_CRL_set1_nextUpdate(list, X509_get0_notAfter(pair.certificate.get())) == 1 &&
                    X509_CRL_add1_ext_i2d(list, NID_crl_number, number.get(), 0, X509V3_ADD_REPLACE) == 1 &&
                    X509_CRL_sort(list) == 1 && X509_CRL_sign(list, pair.key.get(), EVP_sha256()) > 0,
                "cannot sign the revocation list");
  write_file(folder / "ca.crl", pem_text([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list); }));
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string_view::npos;
}

std::string alternative_name(const std::string& address) {
  unsigned char raw[16];
  if (::inet_pton(AF_INET, address.c_str(), raw) == 1 || ::inet_pton(AF_INET6, address.c_str(), raw) == 1)
    return "IP:" + address;
  if (!is_name(address))
    throw Error(Code::invalid, "server address \"" + address + "\" is neither an IP address nor a host name");
  return "DNS:" + address;
}

}  // namespace

Authority::Authority(fs::path folder) : folder_(std::move(folder)) {
  make_folders(folder_);
  FolderLock lock(folder_);
  if (!fs::exists(ca())) make_authority(folder_);
  if (!fs::exists(revoked())) {
    RevocationListPointer list = openssl_made(RevocationListPointer(X509_CRL_new()), "revocation list");
    write_list(folder_, list.get());
  }
}

Authority::Issued Authority::issue(const std::string& name, bool server, const std::string& alternative_names) {
  if (!is_name(name))
    throw Error(Code::invalid, "\"" + name + "\" cannot be the name in a certificate",
                "use 1 to 64 letters, digits and . _ -");
  FolderLock lock(folder_);
  Pair authority = read_pair(folder_);
  KeyPointer key = make_key();
  Issued issued{{}, private_pem_of(key.get()), make_serial()};
  CertificatePointer certificate = new_certificate(name, issued.serial, key.get(), certificate_days);
  X509* c = certificate.get();
  X509* ca = authority.certificate.get();
  openssl_check(X509_set_issuer_name(c, X509_get_subject_name(ca)) == 1, "issuer");
  if (ASN1_TIME_compare(X509_get0_notAfter(c), X509_get0_notAfter(ca)) > 0)
    openssl_check(X509_set1_notAfter(c, X509_get0_notAfter(ca)) == 1, "end of validity");
  add_extension(c, ca, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(c, ca, NID_key_usage, "critical,digitalSignature");
  add_extension(c, ca, NID_ext_key_usage, server ? "serverAuth,clientAuth" : "clientAuth");
  add_extension(c, ca, NID_subject_key_identifier, "hash");
  add_extension(c, ca, NID_authority_key_identifier, "keyid");
  if (!alternative_names.empty()) add_extension(c, ca, NID_subject_alt_name, alternative_names);
  openssl_check(X509_sign(c, authority.key.get(), EVP_sha256()) > 0, "cannot sign the certificate");
  json::object line{
      {"serial", issued.serial}, {"name", name}, {"use", server ? "server" : "device"}, {"at", iso_now()}};
  append_line(folder_ / "issued.jsonl", json::serialize(line));
  sync_file(folder_ / "issued.jsonl");
  sync_folder(folder_);
  issued.certificate_pem = pem_of(c);
  return issued;
}

Authority::Issued Authority::issue_server(const std::string& name, const std::vector<std::string>& addresses) {
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  for (auto& address : addresses) {
    std::string one = alternative_name(address);
    if (one != "DNS:localhost" && one != "IP:127.0.0.1" && one != "IP:::1") names += "," + one;
  }
  return issue(name, true, names);
}

Authority::Issued Authority::issue_device(const std::string& name) { return issue(name, false, {}); }

std::vector<std::string> Authority::revoked_serials() const {
  RevocationListPointer list = read_list(revoked());
  std::vector<std::string> serials;
  STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(list.get());
  for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
    serials.push_back(serial_text(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i))));
  return serials;
}

void Authority::revoke(const std::string& serial) {
  FolderLock lock(folder_);
  std::string issued = fs::exists(folder_ / "issued.jsonl") ? read_file(folder_ / "issued.jsonl") : std::string();
  if (serial.size() != 32 || issued.find("{\"serial\":\"" + serial + "\"") == std::string::npos)
    throw Error(Code::not_found, "no certificate with the serial " + serial + " was issued here",
                "serials are in " + (folder_ / "issued.jsonl").string());
  auto before = revoked_serials();
  if (std::find(before.begin(), before.end(), serial) != before.end()) return;
  RevocationListPointer list = read_list(revoked());
  add_revoked(list.get(), serial);
  write_list(folder_, list.get());
}

}  // namespace gyre
