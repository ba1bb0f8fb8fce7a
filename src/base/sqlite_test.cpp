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

TEST_CASE("a query inside the same query has a place of its own") {
  Sqlite rows(":memory:");
  rows.script("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3)");
  const char* above = "SELECT a FROM t WHERE a > $1 ORDER BY a";
  std::string seen;
  rows.each(above, {0}, [&](const SqlColumns& outer) {
    rows.each(above, {outer.integer(0)},
              [&](const SqlColumns& inner) { seen += std::to_string(10 * outer.integer(0) + inner.integer(0)) + " "; });
  });
  CHECK(seen == "12 13 23 ");
  CHECK_THROWS_AS(rows.each(above, {0}, [](const SqlColumns&) { throw Error(Code::invalid, "no"); }), Error);
  CHECK(rows.query(above, {1}).size() == 2);
}
