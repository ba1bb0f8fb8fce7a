#include <doctest/doctest.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "store/workspace.hpp"

using namespace gyre;

TEST_CASE("a folder becomes a tree that opens with the same files") {
  TemporaryFolder folder;
  make_folders(folder.path() / "in" / "good");
  write_file(folder.path() / "in" / "good" / "a.txt", "one");
  write_file(folder.path() / "in" / "b.txt", "two");
  Blobs blobs(folder.path() / "blobs");
  std::string digest = blobs.put_folder(folder.path() / "in");
  CHECK(blobs.is_tree(digest));
  CHECK(blobs.has(digest));
  CHECK(blobs.size(digest) == 6);
  fs::path opened = blobs.open(digest);
  CHECK(read_file(opened / "good" / "a.txt") == "one");
  CHECK(blobs.put_folder(opened) == digest);
  CHECK(digest_of_content(opened) == digest);
  fs::remove(blobs.path(digest_of("two")));
  CHECK_FALSE(blobs.has(digest));
}

TEST_CASE("a forged tree cannot reach outside its folder") {
  TemporaryFolder folder;
  Blobs blobs(folder.path());
  std::string content = blobs.put_bytes("x");
  for (std::string path : {"../out", "/tmp/out", "a/../../out"}) {
    json::array files{{{"path", path}, {"size", 1}, {"digest", content}}};
    std::string forged = blobs.put_bytes("gyre-tree-1\n" + canonical(files));
    CHECK_THROWS_WITH_AS(blobs.open(forged), doctest::Contains("outside its folder"), Error);
  }
}

TEST_CASE("a digest that is none cannot name a path") {
  TemporaryFolder folder;
  Blobs blobs(folder.path());
  CHECK_THROWS_AS(blobs.path("sha256:../../etc/passwd"), Error);
  CHECK_THROWS_AS(blobs.path(digest_of("absent")), Error);
}

TEST_CASE("two owners of one workspace: the second is refused by name") {
  TemporaryFolder folder;
  fs::path root = Workspace::init(folder.path());
  Workspace first(root);
  CHECK_THROWS_WITH_AS(Workspace{root}, doctest::Contains("another gyre (process"), Error);
}

TEST_CASE("a newer schema is refused and nothing changes") {
  TemporaryFolder folder;
  fs::path root = Workspace::init(folder.path());
  { Workspace(root).rows().run("INSERT INTO migration VALUES ('store', 999, 'from tomorrow', '', 0)"); }
  CHECK_THROWS_WITH_AS(Workspace{root}, doctest::Contains("newer gyre"), Error);
}
