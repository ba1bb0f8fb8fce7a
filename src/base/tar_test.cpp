#include "base/tar.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "base/process.hpp"

using namespace gyre;

namespace {

void unpack(std::string_view archive, const fs::path& folder, TarLimits limits = {}, std::size_t step = 1 << 20) {
  fs::create_directories(folder);
  TarExtractor extractor(folder, "archive", limits);
  for (std::size_t i = 0; i < archive.size(); i += step) extractor.add(archive.substr(i, step));
  extractor.finish();
}

// An archive with one entry as a hostile program would write it: any path, kind and target, the checksum right.
std::string hostile(const std::string& path, char kind, const std::string& target = "") {
  TarWriter writer;
  writer.bytes("x", "");
  std::string archive = writer.text();
  archive[0] = '\0';
  archive.replace(0, path.size(), path);
  archive[156] = kind;
  archive.replace(157, target.size(), target);
  archive.replace(148, 8, "        ");
  unsigned sum = 0;
  for (int i = 0; i < 512; i++) sum += static_cast<unsigned char>(archive[static_cast<std::size_t>(i)]);
  char digits[9];
  std::snprintf(digits, sizeof(digits), "%06o", sum);
  archive.replace(148, 7, std::string(digits, 6) + '\0');
  return archive;
}

std::string refusal(std::string_view archive, TarLimits limits = {}) {
  TemporaryFolder folder;
  try {
    unpack(archive, folder.path() / "in", limits);
  } catch (const Error& error) {
    CHECK(error.code == Code::invalid);
    // Nothing may have been made beside the folder.
    CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
    return error.text();
  }
  return "";
}

}  // namespace

TEST_CASE("an archive comes back as it was, whatever the pieces") {
  TemporaryFolder folder;
  write_file(folder.path() / "big", std::string(100000, 'b'));
  std::string long_name = std::string(80, 'd') + "/" + std::string(60, 'e') + "/" + std::string(90, 'f');
  TarWriter writer;
  writer.folder("tmp", 01777);
  writer.bytes("b/empty", "");
  writer.bytes("b/run", "#!", true);
  writer.file("a/big", folder.path() / "big");
  writer.bytes(long_name, "deep");
  writer.link("lib/x.so", "../a/big");
  std::string archive = writer.text();
  CHECK(archive.size() % 512 == 0);
  for (std::size_t step : {1u, 511u, 512u, 100000u}) {
    fs::path out = folder.path() / std::to_string(step);
    unpack(archive, out, {}, step);
    CHECK(read_file(out / "a/big") == std::string(100000, 'b'));
    CHECK(read_file(out / "b/empty").empty());
    CHECK(read_file(out / "lib/x.so").size() == 100000);
    CHECK(read_file(out / long_name) == "deep");
    struct stat info {};
    REQUIRE(::stat((out / "tmp").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 01777);
    REQUIRE(::stat((out / "b/run").c_str(), &info) == 0);
    CHECK((info.st_mode & 0111) == 0111);
  }
}

TEST_CASE("the order of adding and the files' times change nothing, and tar reads it") {
  TemporaryFolder folder;
  write_file(folder.path() / "f", "content");
  TarWriter first, second;
  first.file("b", folder.path() / "f");
  first.bytes("a/x", "1");
  std::string before = first.text();
  fs::last_write_time(folder.path() / "f", fs::file_time_type::clock::now() - std::chrono::hours(5));
  second.bytes("a/x", "1");
  second.file("b", folder.path() / "f");
  CHECK(before == second.text());
  write_file(folder.path() / "t.tar", before);
  auto listed = run_program({"tar", "-tf", (folder.path() / "t.tar").string()});
  CHECK(listed.output == "a/\na/x\nb\n");
}

TEST_CASE("what tar wrote is read") {
  TemporaryFolder folder;
  fs::create_directories(folder.path() / "in/sub");
  write_file(folder.path() / "in/sub/f", "content");
  fs::create_symlink("sub/f", folder.path() / "in/l");
  auto made = run_program(
      {"tar", "--format=ustar", "-C", (folder.path() / "in").string(), "-cf", (folder.path() / "t.tar").string(), "."});
  REQUIRE(made.code == 0);
  unpack(read_file(folder.path() / "t.tar"), folder.path() / "out");
  CHECK(read_file(folder.path() / "out/l") == "content");
}

TEST_CASE("hostile archives are refused and write nothing outside") {
  for (auto path : {"/etc/x", "../x", "a/../../x", "a/..", "..", "a//b", "./../x", ""})
    CHECK_MESSAGE(refusal(hostile(path, '0')).find("leads out") != std::string::npos, path);
  for (auto target : {"/etc/passwd", "..", "../x", "a/../../x", "./x", ""})
    CHECK_MESSAGE(refusal(hostile("l", '2', target)).find("leads out") != std::string::npos, target);
  CHECK(refusal(hostile("d/l", '2', "../x")).empty());
  for (char kind : {'1', '3', '4', '6', '7', 'x', 'g', 'L', 'K', 'S'})
    CHECK(refusal(hostile("x", kind)).find("neither") != std::string::npos);
  // A link, then a file through it.
  CHECK(refusal(hostile("l", '2', "d").substr(0, 512) + hostile("l/x", '0')).find("link") != std::string::npos);
  CHECK(refusal(hostile("l", '2', "x").substr(0, 512) + hostile("l", '0')).find("twice") != std::string::npos);
  CHECK(refusal(hostile("x", '0').substr(0, 512) + hostile("x", '0')).find("twice") != std::string::npos);
}

TEST_CASE("damaged and too large archives are refused") {
  TarWriter writer;
  writer.bytes("a", std::string(1000, 'a'));
  writer.bytes("b", "b");
  std::string archive = writer.text();
  CHECK(refusal(archive).empty());
  CHECK(refusal(archive, {.bytes = 1000}).find("size") != std::string::npos);
  CHECK(refusal(archive, {.entries = 1}).find("entries") != std::string::npos);
  for (std::size_t size : {0u, 100u, 512u, 1000u, 1536u, 2048u, 3000u, 3072u})
    CHECK_MESSAGE(refusal(archive.substr(0, size)).find("cut off") != std::string::npos, size);
  std::string damaged = archive;
  damaged[5] = 'z';
  CHECK(refusal(damaged).find("checksum") != std::string::npos);
  CHECK(refusal(std::string(512, 'x')).find("no tar") != std::string::npos);
  CHECK(refusal(archive + hostile("x", '0')).find("after the end") != std::string::npos);
}

TEST_CASE("the writer refuses what its reader would") {
  TarWriter writer;
  CHECK_THROWS_AS(writer.bytes("../x", ""), Error);
  CHECK_THROWS_AS(writer.bytes("/x", ""), Error);
  CHECK_THROWS_AS(writer.link("l", "/x"), Error);
  writer.bytes(std::string(200, 'a'), "");
  CHECK_THROWS_AS(writer.text(), Error);
}
