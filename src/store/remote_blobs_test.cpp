#include "store/remote_blobs.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <mutex>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"
#include "store/blobs.hpp"
#include "store/s3.hpp"

using namespace gyre;

namespace {

struct Shelf {
  std::mutex mutex;
  std::map<std::string, std::string> blobs;
  bool away = false;
};

class MemoryBlobs : public RemoteBlobs {
 public:
  explicit MemoryBlobs(Shelf& shelf) : shelf_(shelf) {}
  void put(const std::string& digest, const fs::path& file) override {
    std::lock_guard lock(shelf_.mutex);
    check();
    shelf_.blobs[digest] = read_file(file);
  }
  bool has(const std::string& digest) override {
    std::lock_guard lock(shelf_.mutex);
    return shelf_.blobs.contains(digest);
  }
  bool get(const std::string& digest, const fs::path& to) override {
    std::lock_guard lock(shelf_.mutex);
    check();
    auto at = shelf_.blobs.find(digest);
    if (at == shelf_.blobs.end()) return false;
    write_file(to, at->second);
    return true;
  }
  void remove(const std::string& digest) override {
    std::lock_guard lock(shelf_.mutex);
    shelf_.blobs.erase(digest);
  }
  void list(const std::function<void(const Stored&)>& take) override {
    for (auto& [digest, bytes] : shelf_.blobs) take({digest, bytes.size(), 1});
  }

 private:
  void check() const {
    if (shelf_.away) throw Error(Code::unavailable, "nobody answers");
  }
  Shelf& shelf_;
};

}  // namespace

TEST_CASE("with a remote store every blob is there before it is here, and comes back from there") {
  TemporaryFolder folder;
  Shelf shelf;
  std::string early, tree;
  make_folders(folder.path() / "in");
  for (int i = 0; i < 40; i++)
    write_file(folder.path() / "in" / std::to_string(i), "content " + std::to_string(i % 30));
  {
    Blobs blobs(folder.path() / "blobs");
    early = blobs.put_bytes("before");
    blobs.attach("memory:a", std::make_unique<MemoryBlobs>(shelf));
    CHECK(shelf.blobs.contains(early));
    tree = blobs.put_folder(folder.path() / "in");
    CHECK(shelf.blobs.size() == 32);
    shelf.away = true;
    CHECK_THROWS_AS(blobs.put_bytes("nobody keeps it"), Error);
    shelf.away = false;
    CHECK_FALSE(blobs.has(digest_of("nobody keeps it")));
    CHECK(blobs.put_bytes("nobody keeps it") == digest_of("nobody keeps it"));
  }
  Blobs other(folder.path() / "elsewhere");
  other.attach("memory:a", std::make_unique<MemoryBlobs>(shelf));
  CHECK(other.has(tree));
  CHECK(other.stored().size() == 33);
  CHECK(digest_of_content(other.open(tree)) == tree);
  shelf.blobs[early] = "something else";
  CHECK_THROWS_WITH_AS(other.path(early), doctest::Contains("is something else"), Error);
  CHECK_THROWS_AS(other.path(digest_of("absent")), Error);
}

TEST_CASE("a blob is removed here and there, unless somebody asked for it since") {
  TemporaryFolder folder;
  Shelf shelf;
  Blobs blobs(folder.path());
  blobs.attach("memory:a", std::make_unique<MemoryBlobs>(shelf));
  std::string digest = blobs.put_bytes("x");
  std::int64_t before = now_ms() - 1000;
  CHECK_FALSE(blobs.remove(digest, before));
  fs::last_write_time(blobs.root() / "sha256" / digest.substr(7, 2) / digest.substr(9),
                      fs::file_time_type::clock::now() - std::chrono::hours(48));
  CHECK(blobs.has(digest));  // asks for it
  CHECK_FALSE(blobs.remove(digest, before));
  CHECK(blobs.remove(digest, now_ms() + 1000));
  CHECK(shelf.blobs.empty());
  CHECK_FALSE(blobs.has(digest));
}

TEST_CASE("what was not used for longest leaves this disk, and comes back when it is asked for") {
  TemporaryFolder folder;
  Shelf shelf;
  Blobs blobs(folder.path() / "blobs");
  std::vector<std::string> digests;
  for (char c : std::string("abcdef")) digests.push_back(blobs.put_bytes(std::string(1000, c)));
  fs::create_directories(folder.path() / "data");
  write_file(folder.path() / "data/one", std::string(1000, 'g'));
  std::string tree = blobs.put_folder(folder.path() / "data"), within = digest_of(std::string(1000, 'g'));
  blobs.open(tree);
  auto file = [&](const std::string& digest) {
    return blobs.root() / "sha256" / digest.substr(7, 2) / digest.substr(9);
  };
  auto age = [](const fs::path& path, int hours) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  for (std::size_t i = 0; i < digests.size(); i++) age(file(digests[i]), 30 + static_cast<int>(i));  // f is the oldest
  age(file(digests[5]), 1);  // but was asked for
  age(file(within), 1000);
  blobs.keep_here_at_most(3500);  // without a remote store it is the only copy
  CHECK(fs::exists(file(digests[4])));
  blobs.attach("memory:a", std::make_unique<MemoryBlobs>(shelf));
  blobs.keep_here_at_most(5500);
  CHECK_FALSE(fs::exists(file(digests[4])));
  CHECK_FALSE(fs::exists(file(digests[3])));
  CHECK(fs::exists(file(digests[0])));
  CHECK(fs::exists(file(digests[5])));
  CHECK(fs::exists(file(within)));  // in a folder that is open
  CHECK(blobs.read(digests[4]) == std::string(1000, 'e'));
  blobs.keep_here_at_most(1);
  CHECK_FALSE(fs::exists(file(digests[0])));
  CHECK(fs::exists(file(digests[4])));  // just asked for
  age(blobs.root() / "trees" / tree.substr(7), 24 * 8);
  age(file(tree), 1000);
  blobs.keep_here_at_most(1);
  CHECK_FALSE(fs::exists(file(within)));
  CHECK(digest_of_content(blobs.open(tree)) == tree);
}

TEST_CASE("addresses of buckets") {
  auto address = parse_s3_address("s3://bucket/some/prefix?endpoint=http%3A%2F%2F127.0.0.1:9000/&region=eu");
  CHECK(address.bucket == "bucket");
  CHECK(address.prefix == "some/prefix/");
  CHECK(address.endpoint == "http://127.0.0.1:9000");
  CHECK(address.region == "eu");
  CHECK(parse_s3_address("s3://bucket").endpoint == "https://s3.us-east-1.amazonaws.com");
  for (auto bad : {"http://x", "s3://b", "s3://bucket?x=1", "s3://bucket?endpoint=ftp://x"})
    CHECK_THROWS_AS(parse_s3_address(bad), Error);
}
