#include "base/sqlite.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace gyre;

TEST_CASE("a parameter is what its number says, wherever it stands in the text") {
  Sqlite rows(":memory:");
  rows.script("CREATE TABLE t (name TEXT, value INTEGER)");
  rows.run("INSERT INTO t VALUES (?, ?)", {"a", 1});
  rows.run("UPDATE t SET value = $2 WHERE name = $1", {"a", 7});
  CHECK(get_int(*rows.one("SELECT value FROM t WHERE name = $1 AND $1 = name", {"a"}), "value") == 7);
  CHECK_THROWS_AS(rows.run("UPDATE t SET value = $2 WHERE name = $1", {"a"}), Error);
}
