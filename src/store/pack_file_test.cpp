#include "store/pack_file.hpp"

#include <doctest/doctest.h>

#include "base/hash.hpp"
#include "store/blobs.hpp"

using namespace gyre;

TEST_CASE("a pack gives back what was put in, and knows what was not") {
  TemporaryFolder folder;
  fs::path file = folder.path() / "some.pack";
  PackWriter writer(file);
  std::vector<std::string> digests;
  for (int i = 0; i < 300; i++)
    digests.push_back(writer.add(std::string(static_cast<std::size_t>(i % 7) * 50, 'x') + std::to_string(i)));
  CHECK(writer.add("0") == digests[0]);
  writer.finish();
  PackReader reader(file);
  CHECK(reader.count() == 300);
  for (int i = 0; i < 300; i++) {
    auto& digest = digests[static_cast<std::size_t>(i)];
    CHECK(reader.read(digest).ends_with(std::to_string(i)));
    CHECK(digest_of(reader.read(digest)) == digest);
  }
  CHECK(!reader.has(digest_of("another")));
  CHECK_THROWS_AS(reader.read(digest_of("another")), Error);
}

TEST_CASE("what is no whole pack is refused, damaged content is noticed") {
  TemporaryFolder folder;
  fs::path file = folder.path() / "some.pack";
  PackWriter writer(file);
  std::string digest = writer.add("some content");
  writer.finish();
  std::string bytes = read_file(file);
  for (std::size_t size : {0ul, 5ul, 12ul, 30ul, bytes.size() - 1}) {
    write_file(file, bytes.substr(0, size));
    CHECK_THROWS_AS(PackReader{file}, Error);
  }
  bytes[15] ^= 1;
  write_file(file, bytes);
  CHECK_THROWS_AS(PackReader(file).read(digest), Error);
}

TEST_CASE("a pack's contents are blobs like others, and go with the pack") {
  TemporaryFolder folder;
  fs::path file = folder.path() / "some.pack";
  PackWriter writer(file);
  std::string one = writer.add("one"), two = writer.add("two");
  writer.finish();
  std::string pack;
  {
    Blobs blobs(folder.path() / "blobs");
    pack = blobs.put_file(file);
    CHECK(!blobs.has(one));
    blobs.adopt_pack(pack);
    CHECK(blobs.has(one));
    CHECK(!blobs.is_tree(one));
    CHECK(blobs.size(two) == 3);
    CHECK(blobs.read(one) == "one");
  }
  Blobs blobs(folder.path() / "blobs");  // known after a restart too
  CHECK(blobs.read(two) == "two");
  CHECK(blobs.has(one));
  CHECK(blobs.remove(one, std::int64_t{1} << 60));  // its file; the pack still has it
  CHECK(blobs.read(one) == "one");
  CHECK(blobs.remove(one, std::int64_t{1} << 60));
  CHECK(blobs.remove(pack, std::int64_t{1} << 60));
  CHECK(!blobs.has(one));
  std::string plain = blobs.put_bytes("no pack");
  CHECK_THROWS_AS(blobs.adopt_pack(plain), Error);
}
