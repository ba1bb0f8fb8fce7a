#include "edge/input_folder.hpp"

#include <doctest/doctest.h>

using namespace gyre;
using Names = std::vector<std::string>;

TEST_CASE("whole files are given once, in name order") {
  TemporaryFolder folder;
  InputFolder input(folder.path());
  for (auto name : {"b.jpg", "a.jpg", "c.jpg.part", ".d.jpg"}) write_file(folder.path() / name, name);
  CHECK(input.fresh() == Names{"a.jpg", "b.jpg"});
  CHECK(input.fresh().empty());
  fs::rename(folder.path() / "c.jpg.part", folder.path() / "c.jpg");
  CHECK(input.fresh() == Names{"c.jpg"});
}

TEST_CASE("a new file under an old name is given again") {
  TemporaryFolder folder;
  InputFolder input(folder.path());
  write_file(folder.path() / "a.jpg", "one");
  CHECK(input.fresh() == Names{"a.jpg"});
  write_file(folder.path() / "a.jpg", "two");
  CHECK(input.fresh() == Names{"a.jpg"});
}
