#include "store/aws_signature.hpp"

#include <doctest/doctest.h>

using namespace gyre;

// The examples of Amazon's documentation ("Signature Calculations: Authorization Header").
TEST_CASE("requests are signed as Amazon's examples are") {
  AwsKeys keys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
  std::int64_t at = 1369353600000;  // 2013-05-24
  std::string empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  AwsRequest get{.method = "GET",
                 .host = "examplebucket.s3.amazonaws.com",
                 .path = "/test.txt",
                 .payload_hash = empty,
                 .headers = {{"Range", "bytes=0-9"}}};
  CHECK(aws_signed(get, keys, "us-east-1", at)["Authorization"] ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  AwsRequest list{.method = "GET",
                  .host = "examplebucket.s3.amazonaws.com",
                  .path = "/",
                  .query = {{"max-keys", "2"}, {"prefix", "J"}},
                  .payload_hash = empty};
  CHECK(aws_signed(list, keys, "us-east-1", at)["Authorization"].ends_with(
      "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
  CHECK(aws_encoded_path("/a b/ü") == "/a%20b/%C3%BC");
}
