// Blobs in an S3 bucket: <prefix>sha256/<2>/<62>, as on the disk.
#include <cstdlib>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "store/remote_blobs.hpp"
#include "store/s3.hpp"

namespace gyre {

namespace {

std::string key_of(const std::string& digest) { return "sha256/" + digest.substr(7, 2) + "/" + digest.substr(9); }

class S3Blobs : public RemoteBlobs {
 public:
  S3Blobs(S3Address address, AwsKeys keys) : s3_(std::move(address), std::move(keys)) {}
  void put(const std::string& digest, const std::filesystem::path& file) override { s3_.put(key_of(digest), file); }
  bool has(const std::string& digest) override { return s3_.has(key_of(digest)); }
  bool get(const std::string& digest, const std::filesystem::path& to) override { return s3_.get(key_of(digest), to); }
  void remove(const std::string& digest) override { s3_.remove(key_of(digest)); }
  void list(const std::function<void(const Stored&)>& take) override {
    s3_.list("sha256/", [&](const S3::Object& object) {
      if (object.key.size() != 72) return;
      std::string digest = "sha256:" + object.key.substr(7, 2) + object.key.substr(10);
      if (is_digest(digest)) take({digest, object.bytes, object.written_at});
    });
  }

 private:
  S3 s3_;
};

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::unique_ptr<RemoteBlobs> open_remote_blobs(const std::string& url) {
  S3Address address = parse_s3_address(url);
  AwsKeys keys{from_environment("AWS_ACCESS_KEY_ID"), from_environment("AWS_SECRET_ACCESS_KEY"),
               from_environment("AWS_SESSION_TOKEN")};
  if (keys.id.empty() || keys.secret.empty())
    throw Error(Code::invalid, "the blobs of this workspace lie in " + url + ", and there are no keys for it",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  return std::make_unique<S3Blobs>(std::move(address), std::move(keys));
}

}  // namespace gyre
