#pragma once
// The body of one request, in a file while it comes and until it is answered: what the handler did not move away goes.
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/file.hpp"
#include "base/hash.hpp"

namespace gyre {

// A thread that does something with a file's bytes soon after they were written.
class Follower {
 public:
  using Work = std::function<bool(std::uint64_t from, std::uint64_t to)>;  // false: it failed, and need not go on
  explicit Follower(Work work);
  ~Follower();
  Follower(const Follower&) = delete;
  void written(std::uint64_t bytes);  // so many since the beginning
  bool finish();                      // false when the work failed

 private:
  void follow();
  std::uint64_t wait_for_more(std::uint64_t have);
  Work work_;
  bool failed_ = false;  // the thread's, until it is joined
  std::mutex mutex_;     // guards what follows
  std::condition_variable changed_;
  std::uint64_t written_ = 0;
  bool complete_ = false;
  std::thread thread_;
};

class SpoolFile {
 public:
  SpoolFile(const fs::path& folder, bool hashed);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  void write(std::string_view bytes);
  const fs::path& path() const { return path_; }
  // Of all that was written, if it is to be hashed, was so much that a thread of its own did so, and could be read;
  // else empty.
  std::string digest();

 private:
  bool hash(std::uint64_t from, std::uint64_t to);
  FileHandle file_;
  fs::path path_;
  bool hashed_;
  std::uint64_t written_ = 0, told_ = 0;
  Sha256 hash_;
  std::unique_ptr<Follower> flusher_, hasher_;  // of large bodies
};

}  // namespace gyre
