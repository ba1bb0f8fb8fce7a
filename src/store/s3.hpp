#pragma once
// An S3 bucket, by its REST interface: what the blobs need of it. Requests are repeated when the other side is busy or
// away; what it says to be wrong is an Error at once.
#include <filesystem>
#include <functional>
#include <string>

#include "store/aws_signature.hpp"

namespace gyre {

struct S3Address {
  std::string endpoint;  // https://host[:port]
  std::string bucket;
  std::string prefix;  // of every key; empty, or ending in a slash
  std::string region = "us-east-1";
};
S3Address parse_s3_address(const std::string& url);  // Error{invalid}

class S3 {
 public:
  S3(S3Address address, AwsKeys keys);
  void put(const std::string& key, const std::filesystem::path& file);  // in parts when it is large
  bool has(const std::string& key);
  bool get(const std::string& key, const std::filesystem::path& to);
  void remove(const std::string& key);
  struct Object {
    std::string key;  // without the prefix
    std::uint64_t bytes = 0;
    std::int64_t written_at = 0;
  };
  void list(const std::string& below, const std::function<void(const Object&)>& take);

 private:
  using Query = std::map<std::string, std::string>;
  Response ask(const std::string& method, const std::string& key, const Query& query = {}, std::string_view body = {},
               const std::function<void()>& again = {}, const std::function<void(std::string_view)>& take = {});
  void put_in_parts(const std::string& key, const std::filesystem::path& file, std::uint64_t size);

  S3Address address_;
  AwsKeys keys_;
  std::string host_;
};

}  // namespace gyre
