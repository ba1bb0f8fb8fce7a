#pragma once
// Where blobs lie besides this disk: what is here is there, because a blob becomes visible here only after it arrived
// there. Functions throw Error{unavailable} when the other side does not answer, after some patience.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace gyre {

class RemoteBlobs {
 public:
  struct Stored {
    std::string digest;
    std::uint64_t bytes = 0;
    std::int64_t written_at = 0;  // milliseconds
  };
  virtual ~RemoteBlobs() = default;
  virtual void put(const std::string& digest, const std::filesystem::path& file) = 0;
  virtual bool has(const std::string& digest) = 0;
  virtual bool get(const std::string& digest, const std::filesystem::path& to) = 0;  // false: it has none
  virtual void remove(const std::string& digest) = 0;
  virtual void list(const std::function<void(const Stored&)>& take) = 0;
};

// "s3://bucket/prefix?endpoint=https://...&region=..."; the keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
std::unique_ptr<RemoteBlobs> open_remote_blobs(const std::string& url);

}  // namespace gyre
