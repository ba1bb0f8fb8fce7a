#include "store/aws_signature.hpp"

#include <array>
#include <ctime>

#include "base/hash.hpp"
#include "base/http_client.hpp"

namespace gyre {

// HMAC-SHA256 (RFC 2104).
static std::string hmac(std::string_view key, std::string_view text) {
  std::array<char, 64> inner{}, outer{};
  std::string short_key(key);
  if (key.size() > inner.size()) {
    auto bytes = Sha256().add(key).bytes();
    short_key.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  for (std::size_t i = 0; i < inner.size(); i++) {
    char c = i < short_key.size() ? short_key[i] : '\0';
    inner[i] = static_cast<char>(c ^ 0x36);
    outer[i] = static_cast<char>(c ^ 0x5c);
  }
  auto first = Sha256().add({inner.data(), inner.size()}).add(text).bytes();
  auto second = Sha256()
                    .add({outer.data(), outer.size()})
                    .add({reinterpret_cast<const char*>(first.data()), first.size()})
                    .bytes();
  return {reinterpret_cast<const char*>(second.data()), second.size()};
}

std::string aws_encoded_path(std::string_view path) {
  std::string out;
  for (std::size_t at = 0; at <= path.size();) {
    auto end = std::min(path.find('/', at), path.size());
    out += percent_encode(path.substr(at, end - at));
    if (end < path.size()) out += '/';
    at = end + 1;
  }
  return out;
}

std::string aws_encoded_query(const std::map<std::string, std::string>& query) {
  std::string out;
  for (auto& [name, value] : query)
    out += (out.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
  return out;
}

Headers aws_signed(const AwsRequest& request, const AwsKeys& keys, const std::string& region, std::int64_t at) {
  std::time_t seconds = static_cast<std::time_t>(at / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[20];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  std::string time = text, day = time.substr(0, 8), scope = day + "/" + region + "/s3/aws4_request";

  Headers headers = request.headers;
  headers["x-amz-date"] = time;
  headers["x-amz-content-sha256"] = request.payload_hash;
  if (!keys.session.empty()) headers["x-amz-security-token"] = keys.session;
  std::map<std::string, std::string> lower{{"host", request.host}};
  for (auto& [name, value] : headers) {
    std::string small;
    for (unsigned char c : name) small += static_cast<char>(std::tolower(c));
    lower[small] = value;
  }
  std::string lines, names;
  for (auto& [name, value] : lower) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  std::string canonical = request.method + "\n" + aws_encoded_path(request.path) + "\n" +
                          aws_encoded_query(request.query) + "\n" + lines + "\n" + names + "\n" + request.payload_hash;
  std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + digest_of(canonical).substr(7);
  std::string key = hmac(hmac(hmac(hmac("AWS4" + keys.secret, day), region), "s3"), "aws4_request");
  headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=" + keys.id + "/" + scope + ",SignedHeaders=" + names +
                             ",Signature=" + hex(hmac(key, to_sign));
  return headers;
}

}  // namespace gyre
