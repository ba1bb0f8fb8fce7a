#pragma once
// The body of one request, in a file while it comes and until it is answered: what the handler did not move away goes.
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/file.hpp"
#include "base/hash.hpp"

namespace gyre {

class SpoolFile {
 public:
  SpoolFile(const fs::path& folder, bool hashed);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  void write(std::string_view bytes);
  const fs::path& path() const { return path_; }
  // Of all that was written, if it is to be hashed, was so much that a thread of its own followed, and could be read;
  // else empty.
  std::string digest();

 private:
  void follow();
  std::uint64_t wait_for_more(std::uint64_t have);
  void end_following();

  FileHandle file_;
  fs::path path_;
  bool hashed_;
  std::uint64_t written_ = 0, begun_ = 0;  // begun: is on its way to the disk
  Sha256 hash_;
  bool failed_ = false;  // the follower's
  std::mutex mutex_;     // guards what follows
  std::condition_variable changed_;
  std::uint64_t readable_ = 0;
  bool complete_ = false;
  std::thread follower_;
};

}  // namespace gyre
