#include <doctest/doctest.h>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/sqlite.hpp"
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

TEST_CASE("a workspace of every former schema comes forward, and its rows with it") {
  auto tables = [](Rows& rows) {
    std::string all;
    if (rows.dialect() != Dialect::sqlite) return all;  // the rows are brought there
    for (auto& row : rows.query("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"))
      all += get_string(row, "sql") + "\n";
    return all;
  };
  TemporaryFolder folder;
  fs::path fresh = Workspace::init(folder.path() / "fresh");
  std::string now = tables(Workspace(fresh).rows());
  auto migrations = all_migrations();
  for (std::size_t known = 0; known < migrations.size(); known++) {
    fs::path root = Workspace::init(folder.path() / std::to_string(known));
    bool has_runs = false;
    {
      Sqlite former(root / "gyre.db");
      former.script("DROP TABLE IF EXISTS migration");
      former.transaction([&] {
        former.script(
            "CREATE TABLE migration (module TEXT NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL,"
            " digest TEXT NOT NULL, applied_at INTEGER NOT NULL, PRIMARY KEY (module, number)) STRICT");
        for (auto& migration : migrations.first(known)) {
          former.script(migration.sql);
          former.run("INSERT INTO migration VALUES ($1, $2, $3, $4, 0)",
                     {migration.module, migration.number, migration.title, digest_of(migration.sql)});
        }
        has_runs = former.one("SELECT 1 AS n FROM sqlite_master WHERE name = 'run'").has_value();
        if (!has_runs) return;
        former.script(
            "INSERT INTO run VALUES (1, 'a', 0, 'r', 'me', 'RUNNING', 'active', 'u', 1, NULL);"
            "INSERT INTO param VALUES (1, 'depth', '6')");
      });
    }
    Workspace workspace(root);
    CHECK(tables(workspace.rows()) == now);
    if (has_runs) CHECK(get_string(*workspace.rows().one("SELECT value FROM param WHERE run = 1"), "value") == "6");
  }
}
