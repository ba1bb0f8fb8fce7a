#pragma once
// AWS Signature Version 4, as S3 wants it.
#include <map>
#include <string>
#include <string_view>

#include "base/route.hpp"

namespace gyre {

struct AwsKeys {
  std::string id;
  std::string secret;
  std::string session;  // of temporary keys; may be empty
};

struct AwsRequest {
  std::string method;
  std::string host;
  std::string path;                            // not encoded
  std::map<std::string, std::string> query{};  // not encoded
  std::string payload_hash;                    // SHA-256 of the body, hex
  Headers headers{};                           // others that are to be signed
};

// The headers to send: those given, the date, the payload's hash, Authorization. `at`: milliseconds.
Headers aws_signed(const AwsRequest& request, const AwsKeys& keys, const std::string& region, std::int64_t at);
std::string aws_encoded_path(std::string_view path);
std::string aws_encoded_query(const std::map<std::string, std::string>& query);

}  // namespace gyre
